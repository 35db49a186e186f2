//! `GET …/credentials/{credential_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::credential;

use super::object::CredentialObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a credential that a project sees: its own or an inherited one.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/credentials/{credential_id}", operation_id = "retrieve-project-credential", tag = "Credentials",
    params(("project_id" = String, Path, description = "Id of the project"), ("credential_id" = String, Path, description = "Id of the credential")),
    responses((status = 200, body = CredentialObject))
)]
pub async fn retrieve_from_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, credential_id)): Path<(String, String)>,
) -> Result<Json<CredentialObject>, ApiError> {
    let (project, id) = (id(&project_id, "project")?, id(&credential_id, "credential")?);
    Ok(Json(credential::find(&api.keyward, &actor, Some(project), id).await?.into()))
}

/// Retrieves one of the organization's own credentials.
#[utoipa::path(
    get, path = "/v1/organization/credentials/{credential_id}", operation_id = "retrieve-organization-credential", tag = "Credentials",
    params(("credential_id" = String, Path, description = "Id of the credential")),
    responses((status = 200, body = CredentialObject))
)]
pub async fn retrieve_from_organization(
    State(api): State<Api>,
    actor: AdminActor,
    Path(credential_id): Path<String>,
) -> Result<Json<CredentialObject>, ApiError> {
    Ok(Json(credential::find(&api.keyward, &actor, None, id(&credential_id, "credential")?).await?.into()))
}
