//! Who calls: an admin key, a user who is signed in, or nobody.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use keyward_access::{Refusal, presented_key};
use keyward_domain::{
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    secret::Token,
};
use keyward_service::{admin_key::note_use, session};
use keyward_web::{Attempt, cookie, origin};

use crate::{Api, ApiError};

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
        Attempt::note(parts, &actor);
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
