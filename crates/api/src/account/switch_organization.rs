//! `POST /v1/account/organization`

use axum::{extract::State, response::Response};
use keyward_service::account;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    auth::{SignedInObject, welcome},
    extract::{JsonBody, SessionActor, id},
};

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchOrganizationBody {
    /// Id of an organization that one belongs to.
    pub organization_id: String,
}

/// Goes to another organization that one belongs to, under a new cookie.
#[utoipa::path(
    post, path = "/v1/account/organization", operation_id = "switch-organization", tag = "Account", security(("session" = [])),
    request_body = SwitchOrganizationBody, responses((status = 200, body = SignedInObject))
)]
pub async fn switch_organization(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<SwitchOrganizationBody>,
) -> Result<Response, ApiError> {
    let to = id(&body.organization_id, "organization")?;
    let entered = account::switch_organization(&api.keyward, &actor, to).await?;
    Ok(welcome(entered, api.keyward.now()))
}
