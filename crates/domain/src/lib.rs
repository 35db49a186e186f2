//! Keyward's rules, and nothing else: what a project, an API key, a credential
//! or an audit event is, what may be done to it, and what every name means.
//!
//! Nothing here performs I/O, reads a clock or draws a random number: those are
//! passed in, so that every rule can be tested as a function.

pub mod access;
pub mod actor;
pub mod admin_key;
pub mod api_key;
pub mod assignment;
pub mod attempt;
pub mod audit;
pub mod audit_type;
pub mod breaker;
pub mod budget;
pub mod cache;
pub mod clock;
pub mod credential;
pub mod csv;
pub mod decision;
pub mod group;
pub mod hex;
pub mod id;
pub mod invalid;
pub mod invitation;
pub mod limit;
pub mod member;
pub mod model;
pub mod model_alias;
pub mod money;
pub mod name;
pub mod network;
pub mod organization;
pub mod page;
pub mod password;
pub mod permission;
pub mod permission_matrix;
pub mod price;
pub mod price_override;
pub mod project;
pub mod provider;
pub mod provider_resource;
pub mod retention;
pub mod role;
pub mod second_factor;
pub mod secret;
pub mod service_account;
pub mod spend_alert;
pub mod sso;
pub mod throttle;
pub mod usage;
pub mod weight;

pub use clock::{Clock, Randomness};
pub use invalid::Invalid;
pub use jiff::Timestamp;
pub use name::Name;
