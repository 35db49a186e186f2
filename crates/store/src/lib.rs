//! Where Keyward keeps things: one SQL text on SQLite and on PostgreSQL, one
//! file a table, one contract suite on both (`tests/`). The store writes what it
//! is given: it makes no ids, reads no clock and decides nothing.
//!
//! Every list and every look-up by id is scoped to its organization in the SQL
//! itself, so that no caller can forget it.

mod database_file;
#[macro_use]
mod pool;

pub mod access;
pub mod admin_key;
pub mod alert_mail;
pub mod api_key;
pub mod api_key_index;
pub mod api_key_usage;
pub mod audit;
pub mod budget;
pub mod budget_state;
pub mod change_log;
pub mod credential;
pub mod decision;
pub mod error;
pub mod group;
pub mod idempotency;
pub mod identity;
pub mod installation;
pub mod invitation;
pub mod journal_position;
pub mod limit_state;
pub mod member;
pub mod model_alias;
pub mod one_time_link;
pub mod organization;
pub mod organization_settings;
mod page;
pub mod password;
mod patience;
pub mod price;
pub mod project;
pub mod project_cache;
pub mod project_limit;
pub mod provider_resource;
pub mod retention;
pub mod role;
pub mod role_assignment;
pub mod second_factor;
pub mod service_account;
pub mod session;
pub mod spend_alert;
pub mod sso_grants;
pub mod sso_provider;
pub mod usage_rollup;
pub mod usage_sums;
pub mod user_organizations;

pub use error::StoreError;
pub use page::CursorUnknown;
pub use pool::{Conn, Pool, PooledConnection, Transaction};
