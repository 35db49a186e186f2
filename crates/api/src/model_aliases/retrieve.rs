//! `GET /v1/organization/projects/{project_id}/model_aliases/{alias_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::model_alias;

use super::{object::ModelAliasObject, place};
use crate::{Api, ApiError, extract::AdminActor};

/// Retrieves a model alias of a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/model_aliases/{alias_id}", operation_id = "retrieve-project-model-alias", tag = "Model aliases",
    params(("project_id" = String, Path, description = "Id of the project"), ("alias_id" = String, Path, description = "Id of the alias")),
    responses((status = 200, body = ModelAliasObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<ModelAliasObject>, ApiError> {
    Ok(Json(model_alias::find(&api.keyward, &actor, place(&path)?).await?.into()))
}
