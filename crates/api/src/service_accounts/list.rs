//! `GET /v1/organization/projects/{project_id}/service_accounts`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::service_account::{self, ListServiceAccounts};

use super::object::ServiceAccountObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists a project's service accounts, newest first.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/service_accounts", operation_id = "list-project-service-accounts", tag = "Service accounts",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last account of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first account of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<ServiceAccountObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<ListObject<ServiceAccountObject>>, ApiError> {
    let command = ListServiceAccounts { project: id(&project_id, "project")?, page: query.page(Order::Desc)? };
    query.end()?;
    let listed = service_account::list(&api.keyward, &actor, command).await?;
    Ok(Json(ListObject::new(listed, ServiceAccountObject::from)))
}
