//! `GET …/credentials`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{id::ProjectId, page::Order};
use keyward_service::credential::{self, ListCredentials};

use super::object::CredentialObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists a project's own and inherited credentials, newest first.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/credentials", operation_id = "list-project-credentials", tag = "Credentials",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last credential of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first credential of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<CredentialObject>))
)]
pub async fn list_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Json<ListObject<CredentialObject>>, ApiError> {
    list(&api, &actor, Some(id(&project_id, "project")?), query).await
}

/// Lists the organization's own credentials, newest first.
#[utoipa::path(
    get, path = "/v1/organization/credentials", operation_id = "list-organization-credentials", tag = "Credentials",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last credential of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first credential of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<CredentialObject>))
)]
pub async fn list_of_organization(
    State(api): State<Api>,
    actor: AdminActor,
    query: Query,
) -> Result<Json<ListObject<CredentialObject>>, ApiError> {
    list(&api, &actor, None, query).await
}

async fn list(
    api: &Api,
    actor: &AdminActor,
    project: Option<ProjectId>,
    mut query: Query,
) -> Result<Json<ListObject<CredentialObject>>, ApiError> {
    let command = ListCredentials { project, page: query.page(Order::Desc)? };
    query.end()?;
    let listed = credential::list(&api.keyward, actor, command).await?;
    Ok(Json(ListObject::new(listed, CredentialObject::from)))
}
