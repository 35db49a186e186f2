//! Keyward's provider crate.
