//! Keyward's api crate.
