//! `DELETE …/roles/{role_id}` of a user or a group.

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::role_assignment::{self, Principal, Seat};
use serde::Serialize;
use utoipa::ToSchema;

use super::{group_seat, user_seat};
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What isn't held any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedRoleAssignment {
    /// `user.role.deleted` or `group.role.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

type Answer = Result<Json<DeletedRoleAssignment>, ApiError>;

async fn take(api: &Api, actor: &AdminActor, seat: Seat, role_id: &str) -> Answer {
    role_assignment::unassign(&api.keyward, actor, seat, id(role_id, "role assignment")?).await?;
    let is_group = matches!(seat.principal, Principal::Group(_));
    let object = if is_group { "group.role.deleted" } else { "user.role.deleted" };
    Ok(Json(DeletedRoleAssignment { object, deleted: true }))
}

/// Takes a role that a user was given at the organization.
#[utoipa::path(
    delete, path = "/v1/organization/users/{user_id}/roles/{role_id}", operation_id = "unassign-user-role", tag = "Role assignments",
    params(
        ("user_id" = String, Path, description = "Id of the user"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = DeletedRoleAssignment))
)]
pub async fn unassign_of_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((user_id, role_id)): Path<(String, String)>,
) -> Answer {
    take(&api, &actor, user_seat(&user_id, None)?, &role_id).await
}

/// Takes a role that a group was given at the organization.
#[utoipa::path(
    delete, path = "/v1/organization/groups/{group_id}/roles/{role_id}", operation_id = "unassign-group-role", tag = "Role assignments",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = DeletedRoleAssignment))
)]
pub async fn unassign_of_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((group_id, role_id)): Path<(String, String)>,
) -> Answer {
    take(&api, &actor, group_seat(&group_id, None)?, &role_id).await
}

/// Takes a role that a user was given in a project.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}/users/{user_id}/roles/{role_id}", operation_id = "unassign-project-user-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = DeletedRoleAssignment))
)]
pub async fn unassign_of_project_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id, role_id)): Path<(String, String, String)>,
) -> Answer {
    take(&api, &actor, user_seat(&user_id, Some(&project_id))?, &role_id).await
}

/// Takes a role that a group was given in a project.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}/groups/{group_id}/roles/{role_id}", operation_id = "unassign-project-group-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = DeletedRoleAssignment))
)]
pub async fn unassign_of_project_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id, role_id)): Path<(String, String, String)>,
) -> Answer {
    take(&api, &actor, group_seat(&group_id, Some(&project_id))?, &role_id).await
}
