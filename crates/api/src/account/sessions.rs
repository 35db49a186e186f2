//! `/v1/account/sessions`: where one is signed in, and ending that.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use keyward_domain::{
    actor::{Actor, Identity},
    id::SessionId,
    page::Listed,
};
use keyward_service::account;
use serde::Serialize;
use utoipa::ToSchema;

use super::object::SessionObject;
use crate::{
    Api, ApiError,
    auth::farewell,
    extract::{EmptyBody, JsonBody, Query, SessionActor, id},
    list::ListObject,
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedSession {
    /// Always `account.session.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// What ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevokedSessions {
    /// Always `account.sessions.revoked`.
    pub object: &'static str,
    /// How many.
    pub revoked: usize,
}

fn is_current(actor: &Actor, session: SessionId) -> bool {
    matches!(actor.identity, Identity::User { session: Some(current), .. } if current == session)
}

/// Lists where one is signed in, all of it, the latest first.
#[utoipa::path(
    get, path = "/v1/account/sessions", operation_id = "list-sessions", tag = "Account", security(("session" = [])),
    responses((status = 200, body = ListObject<SessionObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: SessionActor,
    query: Query,
) -> Result<Json<ListObject<SessionObject>>, ApiError> {
    query.end()?;
    let data = account::sessions(&api.keyward, &actor).await?;
    let object = |session: keyward_service::session::Session| {
        let current = is_current(&actor, session.id);
        SessionObject::new(session, current)
    };
    Ok(Json(ListObject::new(Listed { data, has_more: false }, object)))
}

/// Ends one of one's own sessions. If it is the one that is used, the cookie is
/// taken back.
#[utoipa::path(
    delete, path = "/v1/account/sessions/{session_id}", operation_id = "delete-session", tag = "Account", security(("session" = [])),
    params(("session_id" = String, Path, description = "Id of the session")), responses((status = 200, body = DeletedSession))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: SessionActor,
    Path(session_id): Path<String>,
) -> Result<Response, ApiError> {
    let session = id(&session_id, "session")?;
    account::end_session(&api.keyward, &actor, session).await?;
    let body = DeletedSession { object: "account.session.deleted", id: session_id, deleted: true };
    Ok(if is_current(&actor, session) { farewell(body) } else { Json(body).into_response() })
}

/// Ends all of one's own sessions but the one that is used.
#[utoipa::path(
    post, path = "/v1/account/sessions/revoke_others", operation_id = "revoke-other-sessions", tag = "Account", security(("session" = [])),
    request_body = EmptyBody, responses((status = 200, body = RevokedSessions))
)]
pub async fn revoke_others(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<RevokedSessions>, ApiError> {
    let revoked = account::end_other_sessions(&api.keyward, &actor).await?;
    Ok(Json(RevokedSessions { object: "account.sessions.revoked", revoked }))
}
