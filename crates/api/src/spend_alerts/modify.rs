//! `POST /v1/organization/spend_alerts/{alert_id}` and `POST /v1/organization/projects/{project_id}/spend_alerts/{alert_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::id::SpendAlertId;
use keyward_service::spend_alert::{self, UpdateSpendAlert, Whose};

use super::{object::SpendAlertObject, terms::SpendAlertBody};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id},
};

/// Changes a spend alert of your organization. A threshold that isn't reached yet
/// arms it anew for this month; one that is reached tells at once, unless it was
/// told of this month.
#[utoipa::path(
    post, path = "/v1/organization/spend_alerts/{alert_id}", operation_id = "update-organization-spend-alert", tag = "Spend alerts",
    params(("alert_id" = String, Path, description = "Id of the spend alert"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = SpendAlertBody, responses((status = 200, body = SpendAlertObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(alert_id): Path<String>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<SpendAlertBody>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    answer(&api, &actor, (None, id(&alert_id, "spend alert")?), expected_version, &body).await
}

/// Changes a spend alert of a project. A threshold that isn't reached yet arms it
/// anew for this month; one that is reached tells at once, unless it was told of
/// this month.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}", operation_id = "update-project-spend-alert", tag = "Spend alerts",
    params(("project_id" = String, Path, description = "Id of the project"), ("alert_id" = String, Path, description = "Id of the spend alert"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = SpendAlertBody, responses((status = 200, body = SpendAlertObject))
)]
pub async fn modify_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, alert_id)): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<SpendAlertBody>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    let place = (Some(id(&project_id, "project")?), id(&alert_id, "spend alert")?);
    answer(&api, &actor, place, expected_version, &body).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    (whose, alert): (Whose, SpendAlertId),
    expected_version: Option<i64>,
    body: &SpendAlertBody,
) -> Result<Json<SpendAlertObject>, ApiError> {
    let command = UpdateSpendAlert { whose, alert, terms: body.terms()?, expected_version };
    let alert = spend_alert::update(&api.keyward, actor, command).await?;
    Ok(Json(SpendAlertObject::new(&api.keyward, alert)))
}
