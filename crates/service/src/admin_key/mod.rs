//! Admin keys: create, look up, list, delete; and noting their use.

mod create;
mod delete;
pub(crate) mod index;
mod list;
mod uses;

pub(crate) use create::make;
pub use create::{CreateAdminKey, RevealedAdminKey, WantedRole, create};
pub use delete::delete;
use keyward_domain::role::{Role, Scope};
pub use keyward_store::admin_key::AdminKeyDetails;
pub use list::{find, list};
pub(crate) use uses::Uses;
pub use uses::{keep_writing_uses, note_use, write_uses};

/// An admin key with what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedAdminKey {
    /// The key, its owner and its last use.
    pub details: AdminKeyDetails,
    /// The roles that it holds of what its owner may do; none: all of it.
    pub roles: Vec<(Role, Scope)>,
    /// Whether its owner is an owner of the organization.
    pub owner_is_owner: bool,
}
