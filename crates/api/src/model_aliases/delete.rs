//! `DELETE /v1/organization/projects/{project_id}/model_aliases/{alias_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::model_alias;
use serde::Serialize;
use utoipa::ToSchema;

use super::place;
use crate::{Api, ApiError, extract::AdminActor};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedModelAlias {
    /// Always `organization.project.model_alias.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a model alias of a project.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/model_aliases/{alias_id}", operation_id = "delete-project-model-alias", tag = "Model aliases",
    params(("project_id" = String, Path, description = "Id of the project"), ("alias_id" = String, Path, description = "Id of the alias")),
    responses((status = 200, body = DeletedModelAlias))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<DeletedModelAlias>, ApiError> {
    let place = place(&path)?;
    model_alias::delete(&api.keyward, &actor, place).await?;
    let object = "organization.project.model_alias.deleted";
    Ok(Json(DeletedModelAlias { object, id: place.alias.to_string(), deleted: true }))
}
