//! `DELETE /v1/organization/spend_alerts/{alert_id}` and `DELETE /v1/organization/projects/{project_id}/spend_alerts/{alert_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::id::SpendAlertId;
use keyward_service::spend_alert::{self, Whose};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedSpendAlert {
    /// `project.spend_alert.deleted` or `organization.spend_alert.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a spend alert of your organization.
#[utoipa::path(
    delete, path = "/v1/organization/spend_alerts/{alert_id}", operation_id = "delete-organization-spend-alert", tag = "Spend alerts",
    params(("alert_id" = String, Path, description = "Id of the spend alert")),
    responses((status = 200, body = DeletedSpendAlert))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(alert_id): Path<String>,
) -> Result<Json<DeletedSpendAlert>, ApiError> {
    answer(&api, &actor, (None, id(&alert_id, "spend alert")?), "organization.spend_alert.deleted").await
}

/// Deletes a spend alert of a project.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}", operation_id = "delete-project-spend-alert", tag = "Spend alerts",
    params(("project_id" = String, Path, description = "Id of the project"), ("alert_id" = String, Path, description = "Id of the spend alert")),
    responses((status = 200, body = DeletedSpendAlert))
)]
pub async fn delete_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, alert_id)): Path<(String, String)>,
) -> Result<Json<DeletedSpendAlert>, ApiError> {
    let place = (Some(id(&project_id, "project")?), id(&alert_id, "spend alert")?);
    answer(&api, &actor, place, "project.spend_alert.deleted").await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    (whose, alert): (Whose, SpendAlertId),
    object: &'static str,
) -> Result<Json<DeletedSpendAlert>, ApiError> {
    spend_alert::delete(&api.keyward, actor, whose, alert).await?;
    Ok(Json(DeletedSpendAlert { object, id: alert.to_string(), deleted: true }))
}
