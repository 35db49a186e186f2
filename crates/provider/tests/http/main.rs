//! The HTTP client against real loopback sockets whose far end is scripted
//! byte by byte, and its parsers by property.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on should stop")]

mod bodies;
mod chunks;
mod connecting;
mod endpoints;
mod guards;
mod heads;
mod pooling;
mod requests;
mod splits;
mod strictness;
mod support;
mod timeouts;
mod tls;
mod uploads;
