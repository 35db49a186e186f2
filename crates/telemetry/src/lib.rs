//! Keyward's telemetry crate.
