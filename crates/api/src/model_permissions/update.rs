//! `POST /v1/organization/projects/{project_id}/model_permissions`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::model::{ModelMode, ModelPatterns, ModelPermissions};
use keyward_service::project::{self, UpdateProject};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectModelPermissionsObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// The whole list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateModelPermissionsBody {
    /// `allow_list` or `deny_list`.
    #[schema(value_type = String)]
    pub mode: ModelMode,
    /// Names or globs, such as `gpt-4o*`.
    pub model_ids: Vec<String>,
}

/// Replaces a project's list of models. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/model_permissions", operation_id = "update-project-model-permissions", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = UpdateModelPermissionsBody, responses((status = 200, body = ProjectModelPermissionsObject))
)]
pub async fn update(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(body): JsonBody<UpdateModelPermissionsBody>,
) -> Result<Json<ProjectModelPermissionsObject>, ApiError> {
    let project_id = id(&project_id, "project")?;
    let permissions =
        ModelPermissions { mode: body.mode, model_ids: ModelPatterns::parse("model_ids", body.model_ids)? };
    let command = UpdateProject { model_permissions: Some(Some(permissions)), ..UpdateProject::default() };
    let updated = project::update(&api.keyward, &actor, project_id, command).await?;
    Ok(Json(updated.project.model_permissions.into()))
}
