//! Keyward's service crate.
