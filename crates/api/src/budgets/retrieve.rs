//! `GET /v1/organization/budgets/{budget_id}` and `GET /v1/organization/projects/{project_id}/budgets/{budget_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::budget;

use super::object::BudgetObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// One budget of your organization.
#[utoipa::path(
    get, path = "/v1/organization/budgets/{budget_id}", operation_id = "retrieve-budget", tag = "Budgets",
    params(("budget_id" = String, Path, description = "Id of the budget")),
    responses((status = 200, body = BudgetObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(budget_id): Path<String>,
) -> Result<Json<BudgetObject>, ApiError> {
    Ok(Json(budget::find(&api.keyward, &actor, None, id(&budget_id, "budget")?).await?.into()))
}

/// One budget of a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/budgets/{budget_id}", operation_id = "retrieve-project-budget", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project"), ("budget_id" = String, Path, description = "Id of the budget")),
    responses((status = 200, body = BudgetObject))
)]
pub async fn retrieve_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, budget_id)): Path<(String, String)>,
) -> Result<Json<BudgetObject>, ApiError> {
    let whose = Some(id(&project_id, "project")?);
    Ok(Json(budget::find(&api.keyward, &actor, whose, id(&budget_id, "budget")?).await?.into()))
}
