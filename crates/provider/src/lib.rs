//! Everything that Keyward knows about talking to a model provider: how a call
//! is addressed and dressed ([`operation`], [`headers`], [`upstream`]), what
//! its answer says about its use and its end ([`tap`], [`batch`]), what a broken answer
//! ends with ([`error_frame`]), which models there are ([`models`]), and the
//! built-in provider that needs no network ([`demo`]).
//!
//! Nothing here decides whether a call may be made, and nothing here knows of
//! API keys, projects, databases or the server that faces the applications.

pub mod batch;
pub mod demo;
pub mod error_frame;
pub mod estimate;
pub mod headers;
pub mod http;
pub mod made;
pub mod models;
pub mod operation;
pub mod sse;
pub mod tap;
pub mod target;
pub mod upstream;
pub mod usage;

pub use operation::Operation;
pub use target::Target;
pub use upstream::{Ask, Upstream, UpstreamBody, UpstreamResponse};
pub use usage::{Usage, Used};
