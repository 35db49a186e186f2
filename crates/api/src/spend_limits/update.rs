//! `POST /v1/organization/spend_limit` and `POST /v1/organization/projects/{project_id}/spend_limit`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::Invalid;
use keyward_service::budget;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{CENT, SpendLimitObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// The most that a spend limit may be, in cents: a billion dollars.
const MOST_CENTS: i64 = 100_000_000_000;

/// What the spend limit is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSpendLimitBody {
    /// How much calls may cost in a month, in cents, at least 1.
    pub threshold_amount: i64,
    /// `USD`.
    pub currency: String,
    /// `month`.
    pub interval: String,
}

impl UpdateSpendLimitBody {
    fn nanos(&self) -> Result<i64, Invalid> {
        if self.currency != "USD" {
            return Err(Invalid::new("currency", "currency must be \"USD\"."));
        }
        if self.interval != "month" {
            return Err(Invalid::new("interval", "interval must be \"month\". Budgets know other windows, too."));
        }
        if !(1..=MOST_CENTS).contains(&self.threshold_amount) {
            let message = format!("threshold_amount must be 1 to {MOST_CENTS} cents.");
            return Err(Invalid::new("threshold_amount", message));
        }
        Ok(self.threshold_amount * CENT)
    }
}

/// Makes or replaces your organization's hard spend limit: its strict budget of
/// calendar months, which isn't in shadow mode then. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/spend_limit", operation_id = "update-organization-spend-limit", tag = "Budgets",
    request_body = UpdateSpendLimitBody, responses((status = 200, body = SpendLimitObject))
)]
pub async fn update(
    State(api): State<Api>,
    actor: AdminActor,
    JsonBody(body): JsonBody<UpdateSpendLimitBody>,
) -> Result<Json<SpendLimitObject>, ApiError> {
    Ok(Json(budget::put_spend_limit(&api.keyward, &actor, None, body.nanos()?).await?.into()))
}

/// Makes or replaces a project's hard spend limit: its strict budget of calendar
/// months, which isn't in shadow mode then. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/spend_limit", operation_id = "update-project-spend-limit", tag = "Budgets",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = UpdateSpendLimitBody, responses((status = 200, body = SpendLimitObject))
)]
pub async fn update_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(body): JsonBody<UpdateSpendLimitBody>,
) -> Result<Json<SpendLimitObject>, ApiError> {
    let whose = Some(id(&project_id, "project")?);
    Ok(Json(budget::put_spend_limit(&api.keyward, &actor, whose, body.nanos()?).await?.into()))
}
