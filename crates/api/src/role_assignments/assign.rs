//! `POST …/roles` of a user or a group.

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::role_assignment::{self, Seat};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{group_seat, object::RoleAssignmentObject, user_seat};
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// Which role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRoleBody {
    /// Id of a role that can be held there.
    pub role_id: String,
}

type Answer = Result<Json<RoleAssignmentObject>, ApiError>;

async fn give(api: &Api, actor: &AdminActor, seat: Seat, body: AssignRoleBody) -> Answer {
    let assigned = role_assignment::assign(&api.keyward, actor, seat, id(&body.role_id, "role")?).await?;
    Ok(Json(assigned.into()))
}

/// Gives a user a role at the organization. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/users/{user_id}/roles", operation_id = "assign-user-role", tag = "Role assignments",
    params(
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    request_body = AssignRoleBody, responses((status = 200, body = RoleAssignmentObject))
)]
pub async fn assign_of_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
    JsonBody(body): JsonBody<AssignRoleBody>,
) -> Answer {
    give(&api, &actor, user_seat(&user_id, None)?, body).await
}

/// Gives a group a role at the organization. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/groups/{group_id}/roles", operation_id = "assign-group-role", tag = "Role assignments",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
    ),
    request_body = AssignRoleBody, responses((status = 200, body = RoleAssignmentObject))
)]
pub async fn assign_of_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
    JsonBody(body): JsonBody<AssignRoleBody>,
) -> Answer {
    give(&api, &actor, group_seat(&group_id, None)?, body).await
}

/// Gives a user a role in a project. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/users/{user_id}/roles", operation_id = "assign-project-user-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    request_body = AssignRoleBody, responses((status = 200, body = RoleAssignmentObject))
)]
pub async fn assign_of_project_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<AssignRoleBody>,
) -> Answer {
    give(&api, &actor, user_seat(&user_id, Some(&project_id))?, body).await
}

/// Gives a group a role in a project. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/groups/{group_id}/roles", operation_id = "assign-project-group-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
    ),
    request_body = AssignRoleBody, responses((status = 200, body = RoleAssignmentObject))
)]
pub async fn assign_of_project_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<AssignRoleBody>,
) -> Answer {
    give(&api, &actor, group_seat(&group_id, Some(&project_id))?, body).await
}
