//! `GET /v1/organization/spend_alerts/{alert_id}` and `GET /v1/organization/projects/{project_id}/spend_alerts/{alert_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::spend_alert;

use super::object::SpendAlertObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// One spend alert of your organization.
#[utoipa::path(
    get, path = "/v1/organization/spend_alerts/{alert_id}", operation_id = "retrieve-organization-spend-alert", tag = "Spend alerts",
    params(("alert_id" = String, Path, description = "Id of the spend alert")),
    responses((status = 200, body = SpendAlertObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(alert_id): Path<String>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    let alert = spend_alert::find(&api.keyward, &actor, None, id(&alert_id, "spend alert")?).await?;
    Ok(Json(SpendAlertObject::new(&api.keyward, alert)))
}

/// One spend alert of a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}", operation_id = "retrieve-project-spend-alert", tag = "Spend alerts",
    params(("project_id" = String, Path, description = "Id of the project"), ("alert_id" = String, Path, description = "Id of the spend alert")),
    responses((status = 200, body = SpendAlertObject))
)]
pub async fn retrieve_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, alert_id)): Path<(String, String)>,
) -> Result<Json<SpendAlertObject>, ApiError> {
    let whose = Some(id(&project_id, "project")?);
    let alert = spend_alert::find(&api.keyward, &actor, whose, id(&alert_id, "spend alert")?).await?;
    Ok(Json(SpendAlertObject::new(&api.keyward, alert)))
}
