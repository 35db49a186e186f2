//! What a handler's signature may ask for.

mod actor;
mod body;
mod conditional;
mod path;
mod query;
mod strict;
mod token;

pub use actor::{AdminActor, BroughtSession, SessionActor, Visitor};
pub use body::{Creating, EmptyBody, JsonBody, needed_object, object, objects, present, present_object};
pub use conditional::IfMatch;
pub use path::id;
pub use query::Query;
pub use token::link_token;
