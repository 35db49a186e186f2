//! `DELETE /v1/organization/projects/{project_id}`

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{ApiError, error::ErrorResponse, extract::AdminActor};

/// Refuses: a project can't be deleted, whether it exists or not.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}", operation_id = "refuse-project-deletion", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 405, body = ErrorResponse, description = "Always; archive the project instead."))
)]
pub async fn refuse_deletion(_: AdminActor) -> Response {
    let mut response = ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "project_deletion_not_allowed",
        "A project can't be deleted: its history stays. Archive it (POST …/archive), and revoke its API keys if they must never work again.",
    )
    .into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}
