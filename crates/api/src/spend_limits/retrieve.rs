//! `GET /v1/organization/spend_limit` and `GET /v1/organization/projects/{project_id}/spend_limit`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::budget;

use super::object::SpendLimitObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Your organization's hard spend limit: its strict budget of calendar months, unless
/// that is in shadow mode.
#[utoipa::path(
    get, path = "/v1/organization/spend_limit", operation_id = "get-organization-spend-limit", tag = "Budgets",
    responses((status = 200, body = SpendLimitObject))
)]
pub async fn retrieve(State(api): State<Api>, actor: AdminActor) -> Result<Json<SpendLimitObject>, ApiError> {
    Ok(Json(budget::find_spend_limit(&api.keyward, &actor, None).await?.into()))
}

/// A project's hard spend limit: its strict budget of calendar months, unless that is
/// in shadow mode.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/spend_limit", operation_id = "get-project-spend-limit", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = SpendLimitObject))
)]
pub async fn retrieve_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<SpendLimitObject>, ApiError> {
    let whose = Some(id(&project_id, "project")?);
    Ok(Json(budget::find_spend_limit(&api.keyward, &actor, whose).await?.into()))
}
