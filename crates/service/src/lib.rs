//! What Keyward does: one file per use case. Each reads the same: who acts and
//! whether they may, one transaction with the change, its audit event and its
//! place in the change log, then the key index, then the answer.
//!
//! No HTTP here, and no SQL: faces call in, the store is called.

mod authorize;
mod caps;
mod change;
mod error;
mod follow;
mod keyward;
mod lifecycle;
mod link;
mod open;
mod password;
mod place;
mod provider_resource;
mod usage;
mod vault;

pub mod account;
pub mod admin_key;
pub mod aggregate;
pub mod api_key;
pub mod audit;
pub mod budget;
pub mod cache;
pub mod credential;
pub mod decision;
pub mod denied;
pub mod group;
pub mod idempotency;
pub mod invitation;
pub mod limit;
pub mod mail;
pub mod member;
pub mod model_alias;
pub mod organization;
pub mod password_reset;
pub mod price;
pub mod project;
pub mod project_group;
pub mod project_member;
pub mod retention;
pub mod role;
pub mod role_assignment;
pub mod second_factor;
pub mod service_account;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod spend_alert;
pub mod sso;
pub mod usage_report;

pub use error::{Error, Result};
pub use keyward::Keyward;
pub use keyward_store::StoreError;
pub use link::Link;
pub use open::{MasterKeySource, OpenError, Parts, check_master_key, open};
pub use vault::MasterKey;
