//! `POST /v1/organization/projects/{project_id}/model_aliases`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::model_alias::ModelAlias;
use keyward_service::model_alias::{self, CreateModelAlias};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{AliasTargetBody, ModelAliasObject, read_targets};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// What the alias will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateModelAliasBody {
    /// What calls name, 1 to 200 characters, unique in the project.
    pub name: String,
    /// What it stands for: 1 to 20 models.
    pub targets: Vec<AliasTargetBody>,
}

/// Creates a model alias of a project. Calls find it as soon as this answers,
/// before any model of the same name.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/model_aliases", operation_id = "create-project-model-alias", tag = "Model aliases",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateModelAliasBody, responses((status = 200, body = ModelAliasObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateModelAliasBody>,
) -> Result<Json<ModelAliasObject>, ApiError> {
    let CreateModelAliasBody { name, targets } = request.body;
    let command = CreateModelAlias {
        project: id(&project_id, "project")?,
        name: ModelAlias::parse_name(&name)?,
        targets: read_targets(targets)?,
        idempotency: request.idempotency,
    };
    Ok(Json(model_alias::create(&api.keyward, &actor, command).await?.into()))
}
