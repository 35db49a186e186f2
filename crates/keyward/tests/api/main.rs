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
mod budgets;
mod cache;
mod credentials;
mod cross_site;
mod data_plane;
mod decisions;
mod document;
mod groups;
mod identity_provider;
mod invitations;
mod invites;
mod limits;
mod links;
mod lists;
mod matrix;
mod members;
mod metrics;
mod model_aliases;
mod operations;
mod organization;
mod owed_usage;
mod password_resets;
mod prices;
mod project_members;
mod projects;
mod retention;
mod role_assignments;
mod roles;
mod roles_matrix;
mod second_factor;
mod secrets;
mod setup;
mod shadow;
mod sign_in;
mod spend_alerts;
mod sso_hostile;
mod sso_providers;
mod sso_sign_in;
mod support;
mod usage;
