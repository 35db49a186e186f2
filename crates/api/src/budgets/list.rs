//! `GET /v1/organization/budgets` and `GET /v1/organization/projects/{project_id}/budgets`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Listed;
use keyward_service::budget::{self, Whose};

use super::object::BudgetObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists your organization's own budgets, oldest first: at most one of each window.
#[utoipa::path(
    get, path = "/v1/organization/budgets", operation_id = "list-budgets", tag = "Budgets",
    responses((status = 200, body = ListObject<BudgetObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    query: Query,
) -> Result<Json<ListObject<BudgetObject>>, ApiError> {
    answer(&api, &actor, None, query).await
}

/// Lists a project's budgets, oldest first: at most one of each window.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/budgets", operation_id = "list-project-budgets", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = ListObject<BudgetObject>))
)]
pub async fn list_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Json<ListObject<BudgetObject>>, ApiError> {
    answer(&api, &actor, Some(id(&project_id, "project")?), query).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    whose: Whose,
    query: Query,
) -> Result<Json<ListObject<BudgetObject>>, ApiError> {
    query.end()?;
    let data = budget::list(&api.keyward, actor, whose).await?;
    Ok(Json(ListObject::new(Listed { data, has_more: false }, BudgetObject::from)))
}
