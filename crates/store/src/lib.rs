//! Keyward's store crate.
