//! What the admin API and the console share of HTTP: the session's cookie, the
//! refusal of other sites' requests, where a request came from, and how a use
//! case's refusal becomes a status. It has no route and writes no body.

pub mod cookie;
mod origin;
mod problem;
mod serve;

pub use origin::{Attempt, Caller, origin};
pub use problem::{Denial, Problem};
pub use serve::{Body, BoxFuture, boxed, service};
