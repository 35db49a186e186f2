//! `POST /v1/organization/spend_alerts` and `POST /v1/organization/projects/{project_id}/spend_alerts`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::spend_alert::{self, CreateSpendAlert, Whose};

use super::{object::SpendAlertObject, terms::SpendAlertBody};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// Creates a spend alert of your organization. What the present month costs already
/// counts: an alert that is reached tells at once.
#[utoipa::path(
    post, path = "/v1/organization/spend_alerts", operation_id = "create-organization-spend-alert", tag = "Spend alerts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = SpendAlertBody, responses((status = 200, body = SpendAlertObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<SpendAlertBody>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    answer(&api, &actor, None, request).await
}

/// Creates a spend alert of a project. What the present month costs already counts:
/// an alert that is reached tells at once.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/spend_alerts", operation_id = "create-project-spend-alert", tag = "Spend alerts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = SpendAlertBody, responses((status = 200, body = SpendAlertObject))
)]
pub async fn create_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<SpendAlertBody>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    answer(&api, &actor, Some(id(&project_id, "project")?), request).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    whose: Whose,
    request: Creating<SpendAlertBody>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    let command = CreateSpendAlert { whose, terms: request.body.terms()?, idempotency: request.idempotency };
    let alert = spend_alert::create(&api.keyward, actor, command).await?;
    Ok(Json(SpendAlertObject::new(&api.keyward, alert)))
}
