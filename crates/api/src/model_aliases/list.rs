//! `GET /v1/organization/projects/{project_id}/model_aliases`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::model_alias::{self, ListModelAliases};

use super::object::ModelAliasObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists a project's model aliases, newest first.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/model_aliases", operation_id = "list-project-model-aliases", tag = "Model aliases",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last alias of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first alias of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<ModelAliasObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<ListObject<ModelAliasObject>>, ApiError> {
    let (project, page) = (id(&project_id, "project")?, query.page(Order::Desc)?);
    query.end()?;
    let listed = model_alias::list(&api.keyward, &actor, ListModelAliases { project, page }).await?;
    Ok(Json(ListObject::new(listed, ModelAliasObject::from)))
}
