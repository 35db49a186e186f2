//! What this crate makes of calls and answers, its HTTP client apart (that has
//! tests of its own).

mod demo;
mod demo_streams;
mod fixtures;
mod models;
mod support;
mod tap_bodies;
mod tap_properties;
mod tap_streams;
mod upstream;
