//! Word.

pub(crate) mod index;
