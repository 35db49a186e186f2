//! `DELETE /v1/organization/spend_limit` and `DELETE /v1/organization/projects/{project_id}/spend_limit`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::budget;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedSpendLimit {
    /// `organization.spend_limit.deleted` or `project.spend_limit.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

/// Deletes your organization's hard spend limit.
#[utoipa::path(
    delete, path = "/v1/organization/spend_limit", operation_id = "delete-organization-spend-limit", tag = "Budgets",
    responses((status = 200, body = DeletedSpendLimit))
)]
pub async fn delete(State(api): State<Api>, actor: AdminActor) -> Result<Json<DeletedSpendLimit>, ApiError> {
    budget::delete_spend_limit(&api.keyward, &actor, None).await?;
    Ok(Json(DeletedSpendLimit { object: "organization.spend_limit.deleted", deleted: true }))
}

/// Deletes a project's hard spend limit.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/spend_limit", operation_id = "delete-project-spend-limit", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = DeletedSpendLimit))
)]
pub async fn delete_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<DeletedSpendLimit>, ApiError> {
    let whose = Some(id(&project_id, "project")?);
    budget::delete_spend_limit(&api.keyward, &actor, whose).await?;
    Ok(Json(DeletedSpendLimit { object: "project.spend_limit.deleted", deleted: true }))
}
