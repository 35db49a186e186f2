//! `DELETE …/credentials/{credential_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::credential;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedCredential {
    /// Always `organization.project.credential.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

impl DeletedCredential {
    fn new(id: String) -> Json<Self> {
        Json(Self { object: "organization.project.credential.deleted", id, deleted: true })
    }
}

/// Deletes one of a project's own credentials. Calls don't use it from the next one on.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/credentials/{credential_id}", operation_id = "delete-project-credential", tag = "Credentials",
    params(("project_id" = String, Path, description = "Id of the project"), ("credential_id" = String, Path, description = "Id of the credential")),
    responses((status = 200, body = DeletedCredential))
)]
pub async fn delete_from_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, credential_id)): Path<(String, String)>,
) -> Result<Json<DeletedCredential>, ApiError> {
    let (project, id) = (id(&project_id, "project")?, id(&credential_id, "credential")?);
    credential::delete(&api.keyward, &actor, Some(project), id).await?;
    Ok(DeletedCredential::new(credential_id))
}

/// Deletes one of the organization's own credentials. No project inherits it from the next call on.
#[utoipa::path(
    delete, path = "/v1/organization/credentials/{credential_id}", operation_id = "delete-organization-credential", tag = "Credentials",
    params(("credential_id" = String, Path, description = "Id of the credential")),
    responses((status = 200, body = DeletedCredential))
)]
pub async fn delete_from_organization(
    State(api): State<Api>,
    actor: AdminActor,
    Path(credential_id): Path<String>,
) -> Result<Json<DeletedCredential>, ApiError> {
    credential::delete(&api.keyward, &actor, None, id(&credential_id, "credential")?).await?;
    Ok(DeletedCredential::new(credential_id))
}
