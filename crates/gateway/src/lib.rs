//! Keyward's gateway crate.
