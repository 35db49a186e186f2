//! Where a request came from, and who asked for what.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use axum::extract::MatchedPath;
use http::{HeaderMap, header, request::Parts};
use keyward_domain::{
    actor::{Actor, RequestOrigin},
    id::RequestId,
};

/// Where a request came from. Whoever runs the router adds it to every request.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The client's address, trusted proxies taken into account.
    pub ip: IpAddr,
    /// The id that the answer carries as `x-request-id`.
    pub request_id: RequestId,
}

/// Longest `User-Agent` that the audit log keeps, in characters.
const MAX_USER_AGENT: usize = 256;

/// Who asked for what, for the record of what was denied: filled once it is
/// known.
#[derive(Debug, Clone, Default)]
pub struct Attempt(Arc<OnceLock<(Actor, String)>>);

impl Attempt {
    /// Notes on the request that `actor` makes it.
    pub fn note(parts: &Parts, actor: &Actor) {
        if let Some(Self(slot)) = parts.extensions.get() {
            let path = parts.uri.path();
            let matched = parts.extensions.get().map_or(path, MatchedPath::as_str);
            // Which of several actions was asked for is no id: it is the point.
            let operation = match (matched.strip_suffix("{action}"), path.rsplit('/').next()) {
                (Some(start), Some(action)) => format!("{} {start}{action}", parts.method),
                _ => format!("{} {matched}", parts.method),
            };
            let _ = slot.set((actor.clone(), operation));
        }
    }

    /// Who made the request, and what it asked for, once it is known.
    pub fn get(&self) -> Option<&(Actor, String)> {
        self.0.get()
    }
}

/// What the audit log keeps of where a request came from.
pub fn origin(parts: &Parts) -> RequestOrigin {
    let caller = parts.extensions.get::<Caller>();
    RequestOrigin {
        ip: caller.map(|caller| caller.ip),
        user_agent: user_agent(&parts.headers),
        request_id: caller.map(|caller| caller.request_id),
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(MAX_USER_AGENT).collect())
}
