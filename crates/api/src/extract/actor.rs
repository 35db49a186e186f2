//! Who calls: an admin key, or nobody.

use std::net::IpAddr;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use keyward_access::presented_key;
use keyward_domain::{
    actor::{Actor, Identity, RequestOrigin},
    id::RequestId,
    permission::PermissionSet,
};
use keyward_service::admin_key::note_use;

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
        let key = presented_key(&parts.headers)?;
        let entry = api.keyward.index().authenticate_admin(&key, api.keyward.now())?;
        note_use(&api.keyward, entry.id);
        let caller = parts.extensions.get::<Caller>();
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(Actor {
            organization: entry.organization,
            identity: Identity::AdminKey { id: entry.id, owner: entry.owner, owner_email: entry.owner_email.clone() },
            // An admin key acts as an organization's owner until keys have roles.
            permissions: PermissionSet::all(),
            origin: RequestOrigin {
                ip: caller.map(|caller| caller.ip),
                user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
                request_id: caller.map(|caller| caller.request_id),
            },
        }))
    }
}
