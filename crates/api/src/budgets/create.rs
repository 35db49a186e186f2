//! `POST /v1/organization/budgets` and `POST /v1/organization/projects/{project_id}/budgets`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, budget::BudgetTerms};
use keyward_service::budget::{self, CreateBudget, Whose};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TermsBody, object::BudgetObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// What the budget will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBudgetBody {
    /// How much calls may cost: decimal dollars such as `25.00`, at least a cent.
    pub amount: String,
    /// `day`, `week`, `month` (unless said otherwise) or `total`.
    #[serde(default)]
    pub window: Option<String>,
    /// The time zone whose midnight begins a day, such as `Europe/Berlin`; UTC
    /// unless said otherwise.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `strict` (unless said otherwise) or `balanced`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Whether calls that it doesn't cover are let through, and only told (shadow
    /// mode); false unless said otherwise.
    #[serde(default)]
    pub shadow: Option<bool>,
}

impl CreateBudgetBody {
    fn terms(self) -> Result<BudgetTerms, Invalid> {
        let Self { amount, window, time_zone, mode, shadow } = self;
        TermsBody { amount: Some(amount), window, time_zone, mode, shadow }.read()?.apply(None)
    }
}

/// Creates a budget of your organization: all of its calls are held to it when this
/// answers. What was spent in its period before counts.
#[utoipa::path(
    post, path = "/v1/organization/budgets", operation_id = "create-budget", tag = "Budgets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateBudgetBody, responses((status = 200, body = BudgetObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateBudgetBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    answer(&api, &actor, None, request).await
}

/// Creates a budget of a project: all of its calls are held to it when this
/// answers. What was spent in its period before counts.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/budgets", operation_id = "create-project-budget", tag = "Budgets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateBudgetBody, responses((status = 200, body = BudgetObject))
)]
pub async fn create_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateBudgetBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    answer(&api, &actor, Some(id(&project_id, "project")?), request).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    whose: Whose,
    request: Creating<CreateBudgetBody>,
) -> Result<Json<BudgetObject>, ApiError> {
    let command = CreateBudget { whose, terms: request.body.terms()?, idempotency: request.idempotency };
    Ok(Json(budget::create(&api.keyward, actor, command).await?.into()))
}
