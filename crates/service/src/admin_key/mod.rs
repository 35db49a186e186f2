//! Admin keys: create, look up, list, delete; and noting their use.

mod create;
mod delete;
pub(crate) mod index;
mod list;
mod uses;

pub(crate) use create::make;
pub use create::{CreateAdminKey, RevealedAdminKey, create};
pub use delete::delete;
pub use keyward_store::admin_key::AdminKeyDetails;
pub use list::{find, list};
pub(crate) use uses::Uses;
pub use uses::{keep_writing_uses, note_use, write_uses};
