//! Keyward's own HTTP/1.1 client for provider calls.
//!
//! It exists because a proxied call must cost little more than the read and
//! the write that it can't do without: what one read brings is de-chunked in
//! place and handed on as one [`bytes::Bytes`], a request is one write, and no
//! other task is woken on the way. It speaks HTTP/1.1 only and refuses
//! everything that two parsers could read differently (RFC 9112, read
//! strictly).
//!
//! It must not know keys, policies or providers, must not follow redirects or
//! read proxy settings, and must not start tasks of its own.
//!
//! - [`client`](Client): one call, from the pool or a fresh connection
//! - [`head`], [`chunked`]: the parsers; pure, no I/O, made for fuzzing
//! - [`guard`]: which addresses may be connected to

pub mod chunked;
pub mod guard;
pub mod head;

mod body;
mod client;
mod connect;
mod connection;
mod deadline;
mod endpoint;
mod error;
mod framing;
mod pool;
mod request;
mod stream;
mod tls;
mod upload;

pub use body::Body;
pub use client::{Client, ClientOptions, Response};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{BodyError, Malformed, SendError};
pub use request::{Headers, OutgoingRequest};
pub use tls::Tls;
