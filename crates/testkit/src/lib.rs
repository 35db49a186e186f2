//! Keyward's testkit crate.
