//! The response caches of projects: what is decided about one, and emptying it.
//! The answers are kept by the gateway, in memory; it learns of both through the
//! key index.

mod find;
mod index;
mod purge;
mod update;

pub use find::find;
pub(crate) use index::{load, take_in_project};
pub use purge::purge;
pub use update::{UpdateCache, update};
