//! `GET /v1/organization/projects/{project_id}/limits`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::limit::{self, ListLimits};

use super::object::LimitObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists a project's rate limits, newest first.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/limits", operation_id = "list-project-limits", tag = "Limits",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last limit of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first limit of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<LimitObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<ListObject<LimitObject>>, ApiError> {
    let (project, page) = (id(&project_id, "project")?, query.page(Order::Desc)?);
    query.end()?;
    let listed = limit::list(&api.keyward, &actor, ListLimits { project, of_models: false, page }).await?;
    Ok(Json(ListObject::new(listed, LimitObject::from)))
}
