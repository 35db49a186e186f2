//! Organizations: making one together with its owner and first admin key.

mod create;
mod password;

pub use create::{CreateOrganization, CreatedOrganization, create};
