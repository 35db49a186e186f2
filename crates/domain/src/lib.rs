//! Keyward's domain crate.
