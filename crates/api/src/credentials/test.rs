//! `POST …/credentials/{credential_id}/test`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::id::{CredentialId, ProjectId};
use keyward_service::credential;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    error::ErrorResponse,
    extract::{AdminActor, JsonBody, id},
};

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCredentialBody {}

/// A test that went well.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestedCredential {
    /// Always `organization.project.credential.test`.
    pub object: &'static str,
    /// Id of the credential.
    pub credential_id: String,
    /// The models that the provider lists, by its own ids.
    pub models: Vec<String>,
}

/// Asks the provider of a credential that the project sees for its models.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/credentials/{credential_id}/test", operation_id = "test-project-credential", tag = "Credentials",
    params(("project_id" = String, Path, description = "Id of the project"), ("credential_id" = String, Path, description = "Id of the credential")),
    request_body = TestCredentialBody,
    responses(
        (status = 200, body = TestedCredential),
        (status = 502, body = ErrorResponse, description = "The provider rejects the credential, can't be reached, isn't at an allowed address, or answers something else."),
        (status = 504, body = ErrorResponse, description = "The provider didn't answer in time."),
    )
)]
pub async fn test_from_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, credential_id)): Path<(String, String)>,
    JsonBody(TestCredentialBody {}): JsonBody<TestCredentialBody>,
) -> Result<Json<TestedCredential>, ApiError> {
    test(&api, &actor, Some(id(&project_id, "project")?), id(&credential_id, "credential")?).await
}

/// Asks the provider of one of the organization's own credentials for its models.
#[utoipa::path(
    post, path = "/v1/organization/credentials/{credential_id}/test", operation_id = "test-organization-credential", tag = "Credentials",
    params(("credential_id" = String, Path, description = "Id of the credential")),
    request_body = TestCredentialBody,
    responses(
        (status = 200, body = TestedCredential),
        (status = 502, body = ErrorResponse, description = "The provider rejects the credential, can't be reached, isn't at an allowed address, or answers something else."),
        (status = 504, body = ErrorResponse, description = "The provider didn't answer in time."),
    )
)]
pub async fn test_from_organization(
    State(api): State<Api>,
    actor: AdminActor,
    Path(credential_id): Path<String>,
    JsonBody(TestCredentialBody {}): JsonBody<TestCredentialBody>,
) -> Result<Json<TestedCredential>, ApiError> {
    test(&api, &actor, None, id(&credential_id, "credential")?).await
}

async fn test(
    api: &Api,
    actor: &AdminActor,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<Json<TestedCredential>, ApiError> {
    let models = credential::test(&api.keyward, actor, &*api.models, project, id).await?;
    Ok(Json(TestedCredential { object: "organization.project.credential.test", credential_id: id.to_string(), models }))
}
