//! Organizations: making one together with its owner and first admin key, and
//! finding it by its name.

mod create;
mod find;

pub use create::{CreateOrganization, CreatedOrganization, create};
pub(crate) use create::{make, make_admin_key};
pub use find::find_by_name;
