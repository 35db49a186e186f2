//! Keyward's provider crate.
pub mod http;
