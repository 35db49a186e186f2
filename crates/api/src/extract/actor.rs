//! Who calls: an admin key, a user who is signed in, or nobody.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use keyward_access::{Refusal, presented_key};
use keyward_domain::{
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    id::RequestId,
    secret::Token,
};
use keyward_service::{admin_key::note_use, session};

use super::cookie;
use crate::{Api, ApiError};

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
pub(crate) struct Attempt(pub Arc<OnceLock<(Actor, String)>>);

/// Somebody who may use the admin API.
pub struct AdminActor(pub Actor);

impl std::ops::Deref for AdminActor {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequestParts<Api> for AdminActor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let origin = origin(parts);
        let actor = match (presented_key(&parts.headers), cookie::session_token(&parts.headers)) {
            // A request that shows a key is that key's, whatever cookie a browser adds.
            (Err(Refusal::MissingKey), Some(token)) => {
                cookie::check_same_origin(&parts.method, &parts.headers)?;
                session::authenticate(&api.keyward, &token, origin).await?
            }
            (key, _) => {
                let entry = api.keyward.index().authenticate_admin(&key?, api.keyward.now())?;
                note_use(&api.keyward, entry.id);
                let identity =
                    Identity::AdminKey { id: entry.id, owner: entry.owner, owner_email: entry.owner_email.clone() };
                let organization = entry.organization;
                api.keyward.admit(Actor { organization, identity, access: Access::default(), origin }).await?
            }
        };
        if let Some(Attempt(slot)) = parts.extensions.get() {
            let path = parts.extensions.get().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
            let _ = slot.set((actor.clone(), format!("{} {path}", parts.method)));
        }
        Ok(Self(actor))
    }
}

/// A person who is signed in: a key opens nothing that is a person's own.
pub struct SessionActor(pub Actor);

impl std::ops::Deref for SessionActor {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequestParts<Api> for SessionActor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        if matches!(presented_key(&parts.headers), Err(Refusal::MissingKey))
            && cookie::session_token(&parts.headers).is_none()
        {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "not_signed_in",
                "You aren't signed in. Sign in first.",
            ));
        }
        let AdminActor(actor) = AdminActor::from_request_parts(parts, api).await?;
        session::check_is_by_session(&actor)?;
        Ok(Self(actor))
    }
}

/// The session that a browser brings along while somebody signs in or out. A
/// page of another site can't make it do so.
pub struct BroughtSession(pub Option<Token>);

impl FromRequestParts<Api> for BroughtSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let token = cookie::session_token(&parts.headers);
        if token.is_some() {
            cookie::check_same_origin(&parts.method, &parts.headers)?;
        }
        Ok(Self(token))
    }
}

/// Somebody who isn't signed in yet, or needn't be: where they come from. A
/// page of another site can't make a browser ask in its user's name.
pub struct Visitor(pub RequestOrigin);

impl FromRequestParts<Api> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        if cookie::is_of_browser(&parts.headers) {
            cookie::check_same_origin(&parts.method, &parts.headers)?;
        }
        Ok(Self(origin(parts)))
    }
}

/// What the audit log keeps of where a request came from.
pub(crate) fn origin(parts: &Parts) -> RequestOrigin {
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
