//! `GET /v1/organization/spend_alerts` and `GET /v1/organization/projects/{project_id}/spend_alerts`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::spend_alert::{self, ListSpendAlerts, Whose};

use super::object::SpendAlertObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists your organization's own spend alerts, oldest first.
#[utoipa::path(
    get, path = "/v1/organization/spend_alerts", operation_id = "list-organization-spend-alerts", tag = "Spend alerts",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last alert of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first alert of the page behind"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = ListObject<SpendAlertObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    query: Query,
) -> Result<Json<ListObject<SpendAlertObject>>, ApiError> {
    answer(&api, &actor, None, query).await
}

/// Lists a project's spend alerts, oldest first.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/spend_alerts", operation_id = "list-project-spend-alerts", tag = "Spend alerts",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last alert of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first alert of the page behind"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = ListObject<SpendAlertObject>))
)]
pub async fn list_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Json<ListObject<SpendAlertObject>>, ApiError> {
    answer(&api, &actor, Some(id(&project_id, "project")?), query).await
}

async fn answer(
    api: &Api,
    actor: &AdminActor,
    whose: Whose,
    mut query: Query,
) -> Result<Json<ListObject<SpendAlertObject>>, ApiError> {
    let page = query.page(Order::Asc)?;
    query.end()?;
    let listed = spend_alert::list(&api.keyward, actor, ListSpendAlerts { whose, page }).await?;
    Ok(Json(ListObject::new(listed, |alert| SpendAlertObject::new(&api.keyward, alert))))
}
