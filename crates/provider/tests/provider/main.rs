//! What this crate makes of calls and answers, its HTTP client apart (that has
//! tests of its own).
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod demo;
mod demo_media;
mod demo_streams;
mod fixtures;
mod models;
mod support;
mod tap_bodies;
mod tap_properties;
mod tap_streams;
mod upstream;
