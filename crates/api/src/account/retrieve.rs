//! `GET /v1/account`

use axum::{Json, extract::State};
use keyward_service::account;

use super::object::AccountObject;
use crate::{Api, ApiError, extract::SessionActor};

/// Says who is signed in, where, and what they may do.
#[utoipa::path(
    get, path = "/v1/account", operation_id = "get-account", tag = "Account", security(("session" = [])),
    responses((status = 200, body = AccountObject))
)]
pub async fn retrieve(State(api): State<Api>, actor: SessionActor) -> Result<Json<AccountObject>, ApiError> {
    Ok(Json(account::find(&api.keyward, &actor).await?.into()))
}
