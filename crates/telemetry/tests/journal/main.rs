//! The usage journal, seen from outside: what the gateway, the drainer and an
//! operator can do to it, and what a crash can.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod concurrency;
mod damage;
mod files;
mod killed;
mod replay;
mod round_trip;
mod support;
mod torn;
