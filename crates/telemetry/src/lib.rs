//! Keyward's telemetry: what calls leave behind.
//!
//! So far this is the [usage journal](journal): the append-only files in which
//! every completed call stands before its last frame goes to the client. This
//! crate knows no HTTP and no rules; it keeps what it is given.

pub mod journal;
