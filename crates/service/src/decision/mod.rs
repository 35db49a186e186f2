//! Why calls were let through or refused: kept for as long as there is room, and
//! looked up by the id that each answer carries.

mod find;
mod keep;

pub use find::find;
pub(crate) use keep::Keeper;
