//! `GET …/roles/{role_id}` of a user or a group.

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::role_assignment::{self, Seat};

use super::{group_seat, object::AssignedRoleObject, user_seat};
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

type Answer = Result<Json<AssignedRoleObject>, ApiError>;

async fn show(api: &Api, actor: &AdminActor, seat: Seat, role_id: &str) -> Answer {
    let found = role_assignment::find(&api.keyward, actor, seat, id(role_id, "role assignment")?).await?;
    Ok(Json(found.into()))
}

/// Retrieves a role that a user holds at the organization.
#[utoipa::path(
    get, path = "/v1/organization/users/{user_id}/roles/{role_id}", operation_id = "retrieve-user-role", tag = "Role assignments",
    params(
        ("user_id" = String, Path, description = "Id of the user"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = AssignedRoleObject))
)]
pub async fn retrieve_of_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((user_id, role_id)): Path<(String, String)>,
) -> Answer {
    show(&api, &actor, user_seat(&user_id, None)?, &role_id).await
}

/// Retrieves a role that a group holds at the organization.
#[utoipa::path(
    get, path = "/v1/organization/groups/{group_id}/roles/{role_id}", operation_id = "retrieve-group-role", tag = "Role assignments",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = AssignedRoleObject))
)]
pub async fn retrieve_of_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((group_id, role_id)): Path<(String, String)>,
) -> Answer {
    show(&api, &actor, group_seat(&group_id, None)?, &role_id).await
}

/// Retrieves a role that a user holds in a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/users/{user_id}/roles/{role_id}", operation_id = "retrieve-project-user-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = AssignedRoleObject))
)]
pub async fn retrieve_of_project_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id, role_id)): Path<(String, String, String)>,
) -> Answer {
    show(&api, &actor, user_seat(&user_id, Some(&project_id))?, &role_id).await
}

/// Retrieves a role that a group holds in a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/groups/{group_id}/roles/{role_id}", operation_id = "retrieve-project-group-role", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = AssignedRoleObject))
)]
pub async fn retrieve_of_project_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id, role_id)): Path<(String, String, String)>,
) -> Answer {
    show(&api, &actor, group_seat(&group_id, Some(&project_id))?, &role_id).await
}
