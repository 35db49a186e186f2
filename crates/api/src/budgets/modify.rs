//! `POST /v1/organization/budgets/{budget_id}` and `POST /v1/organization/projects/{project_id}/budgets/{budget_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::id::BudgetId;
use keyward_service::budget::{self, UpdateBudget, Whose};

use super::{TermsBody, object::BudgetObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id},
};

/// Edits a budget of your organization. In force when this answers; what is spent
/// stays spent.
#[utoipa::path(
    post, path = "/v1/organization/budgets/{budget_id}", operation_id = "modify-budget", tag = "Budgets",
    params(("budget_id" = String, Path, description = "Id of the budget"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = TermsBody, responses((status = 200, body = BudgetObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(budget_id): Path<String>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<TermsBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    answer(&api, &actor, (None, id(&budget_id, "budget")?), expected_version, &body).await
}

/// Edits a budget of a project. In force when this answers; what is spent stays
/// spent.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/budgets/{budget_id}", operation_id = "modify-project-budget", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project"), ("budget_id" = String, Path, description = "Id of the budget"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = TermsBody, responses((status = 200, body = BudgetObject))
)]
pub async fn modify_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, budget_id)): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<TermsBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    let place = (Some(id(&project_id, "project")?), id(&budget_id, "budget")?);
    answer(&api, &actor, place, expected_version, &body).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    (whose, budget): (Whose, BudgetId),
    expected_version: Option<i64>,
    body: &TermsBody,
) -> Result<Json<BudgetObject>, ApiError> {
    let command = UpdateBudget { whose, budget, patch: body.read()?, expected_version };
    Ok(Json(budget::update(&api.keyward, actor, command).await?.into()))
}
