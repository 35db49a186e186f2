//! `POST /v1/organization/budgets` and `POST /v1/organization/projects/{project_id}/budgets`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::budget::{self, CreateBudget, Whose};

use super::{TermsBody, object::BudgetObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// Creates a budget of your organization: all of its calls are held to it when this
/// answers. What was spent in its period before counts.
#[utoipa::path(
    post, path = "/v1/organization/budgets", operation_id = "create-budget", tag = "Budgets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = TermsBody, responses((status = 200, body = BudgetObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<TermsBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    answer(&api, &actor, None, request).await
}

/// Creates a budget of a project: all of its calls are held to it when this
/// answers. What was spent in its period before counts.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/budgets", operation_id = "create-project-budget", tag = "Budgets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = TermsBody, responses((status = 200, body = BudgetObject))
)]
pub async fn create_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<TermsBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    answer(&api, &actor, Some(id(&project_id, "project")?), request).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    whose: Whose,
    request: Creating<TermsBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    let command = CreateBudget { whose, terms: request.body.read_new()?, idempotency: request.idempotency };
    Ok(Json(budget::create(&api.keyward, actor, command).await?.into()))
}
