//! The contract of the store: every function, on SQLite and on PostgreSQL, with
//! the same expectations. One file a table; `support` makes the databases.
#![cfg(test)]

#[macro_use]
mod support;

mod admin_key;
mod alert_mail;
mod api_key;
mod api_key_usage;
mod audit;
mod audit_search;
mod budget;
mod change_log;
mod credential;
mod decision;
mod group;
mod idempotency;
mod installation;
mod invitation;
mod member;
mod migrations;
mod model_alias;
mod one_time_link;
mod organization;
mod password;
mod project;
mod project_cache;
mod project_limit;
mod provider_resource;
mod retention;
mod role;
mod schema;
mod second_factor;
mod service_account;
mod session;
mod spend_alert;
mod sso;
mod upgrades;
mod usage;
