//! Keyward's access crate.
