//! `POST /v1/organization/projects/{project_id}/model_aliases/{alias_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, model_alias::ModelAlias};
use keyward_service::model_alias::{self, ModelAliasPatch};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    object::{AliasTargetBody, ModelAliasObject, read_targets},
    place,
};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyModelAliasBody {
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// All targets, anew.
    #[serde(default)]
    pub targets: Option<Vec<AliasTargetBody>>,
}

impl ModifyModelAliasBody {
    fn patch(self, expected_version: Option<i64>) -> Result<ModelAliasPatch, Invalid> {
        Ok(ModelAliasPatch {
            name: self.name.map(|name| ModelAlias::parse_name(&name)).transpose()?,
            targets: self.targets.map(read_targets).transpose()?,
            expected_version,
        })
    }
}

/// Edits a model alias of a project. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/model_aliases/{alias_id}", operation_id = "modify-project-model-alias", tag = "Model aliases",
    params(("project_id" = String, Path, description = "Id of the project"), ("alias_id" = String, Path, description = "Id of the alias"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyModelAliasBody, responses((status = 200, body = ModelAliasObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyModelAliasBody>,
) -> Result<Json<ModelAliasObject>, ApiError> {
    let patch = body.patch(expected_version)?;
    Ok(Json(model_alias::update(&api.keyward, &actor, place(&path)?, patch).await?.into()))
}
