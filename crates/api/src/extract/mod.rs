//! What a handler's signature may ask for.

mod actor;
mod body;
mod conditional;
pub(crate) mod cookie;
mod path;
mod query;
mod strict;
mod token;

pub(crate) use actor::Attempt;
pub use actor::{AdminActor, BroughtSession, Caller, SessionActor, Visitor};
pub use body::{Creating, EmptyBody, JsonBody, object, objects, present, present_object};
pub use conditional::IfMatch;
pub use path::id;
pub use query::Query;
pub use token::link_token;
