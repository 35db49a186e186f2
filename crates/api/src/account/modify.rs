//! `POST /v1/account`

use axum::{Json, extract::State};
use keyward_domain::Name;
use keyward_service::account;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::AccountObject;
use crate::{
    Api, ApiError,
    extract::{JsonBody, SessionActor},
};

/// What is to be otherwise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyAccountBody {
    /// What they want to be called: 1 to 120 characters.
    pub name: String,
}

/// Changes one's own name.
#[utoipa::path(
    post, path = "/v1/account", operation_id = "modify-account", tag = "Account", security(("session" = [])),
    request_body = ModifyAccountBody, responses((status = 200, body = AccountObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<ModifyAccountBody>,
) -> Result<Json<AccountObject>, ApiError> {
    account::rename(&api.keyward, &actor, &Name::parse("name", &body.name)?).await?;
    Ok(Json(account::find(&api.keyward, &actor).await?.into()))
}
