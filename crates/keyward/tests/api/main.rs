//! The HTTP interface, asked as its users ask it: the whole program, on each
//! database. One file a resource, and what holds for every route in files of
//! its own, generated from the OpenAPI document.
#![cfg(test)]

mod account;
mod admin_keys;
mod api_key_states;
mod api_keys;
mod audit_logs;
mod bodies;
mod credentials;
mod cross_site;
mod data_plane;
mod document;
mod identity_provider;
mod lists;
mod matrix;
mod operations;
mod organization;
mod projects;
mod roles_matrix;
mod second_factor;
mod secrets;
mod sign_in;
mod sso_hostile;
mod sso_providers;
mod sso_sign_in;
mod support;
