//! Keyward's telemetry: what calls leave behind.
//!
//! The [usage journal](journal) is the append-only files in which every completed
//! call stands before its last frame goes to the client; [`decisions`] are the short
//! notes of why each was let through or refused; [`list_prices`] says what
//! providers charge for it. This crate knows no HTTP and no rules; it keeps what
//! it is given.

pub mod decisions;
pub mod journal;
pub mod list_prices;
