//! `DELETE /v1/organization/budgets/{budget_id}` and `DELETE /v1/organization/projects/{project_id}/budgets/{budget_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::id::BudgetId;
use keyward_service::budget::{self, Whose};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedBudget {
    /// `organization.project.budget.deleted` or `organization.budget.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a budget of your organization.
#[utoipa::path(
    delete, path = "/v1/organization/budgets/{budget_id}", operation_id = "delete-budget", tag = "Budgets",
    params(("budget_id" = String, Path, description = "Id of the budget")),
    responses((status = 200, body = DeletedBudget))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(budget_id): Path<String>,
) -> Result<Json<DeletedBudget>, ApiError> {
    answer(&api, &actor, (None, id(&budget_id, "budget")?), "organization.budget.deleted").await
}

/// Deletes a budget of a project.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/budgets/{budget_id}", operation_id = "delete-project-budget", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project"), ("budget_id" = String, Path, description = "Id of the budget")),
    responses((status = 200, body = DeletedBudget))
)]
pub async fn delete_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, budget_id)): Path<(String, String)>,
) -> Result<Json<DeletedBudget>, ApiError> {
    let place = (Some(id(&project_id, "project")?), id(&budget_id, "budget")?);
    answer(&api, &actor, place, "organization.project.budget.deleted").await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    (whose, budget): (Whose, BudgetId),
    object: &'static str,
) -> Result<Json<DeletedBudget>, ApiError> {
    budget::delete(&api.keyward, actor, whose, budget).await?;
    Ok(Json(DeletedBudget { object, id: budget.to_string(), deleted: true }))
}
