//! Organizations: making one together with its owner and first admin key,
//! finding it by its name, and what its owners decide about it.

mod create;
mod find;
mod settings;

pub use create::{CreateOrganization, CreatedOrganization, create};
pub(crate) use create::{make, make_admin_key};
pub use find::find_by_name;
pub use settings::{UpdateOrganization, settings, update};
