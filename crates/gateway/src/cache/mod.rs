//! The response cache: a call that a project made before may be answered with
//! what it was answered then. Off unless the project switches it on.
//!
//! [`lookup`] decides for a call that has passed every check up to the model;
//! what it finds is given at once, consumes nothing and is counted apart. What
//! it doesn't find goes out as ever, and a [`Recording`] keeps the answer
//! when it has come whole. Answers are in memory alone ([`store`]), under a digest of
//! everything that they depend on ([`fingerprint`]); the caller and the provider
//! may rule it out in the words of RFC 9111 ([`directives`]), and are told with
//! those of RFC 9211.
//!
//! It must let nothing through that wouldn't be let through without it.

mod canonical;
mod directives;
mod fingerprint;
mod lookup;
mod recording;
mod store;

pub(crate) use lookup::{Found, Question, lookup};
pub(crate) use recording::Recording;
pub(crate) use store::{MAX_ANSWER, ResponseCache};
