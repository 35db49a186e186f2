//! `DELETE /v1/organization/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::member::{self, NamedApiKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Who isn't a member any more, and what they leave behind.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedUser {
    /// Always `organization.user.deleted`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
    /// API keys of projects that they made and that go on working: the first
    /// hundred.
    pub created_api_keys: Vec<CreatedApiKey>,
    /// How many such keys there are.
    pub created_api_key_count: i64,
}

/// An API key that somebody made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id of its project.
    pub project_id: String,
}

impl From<NamedApiKey> for CreatedApiKey {
    fn from(key: NamedApiKey) -> Self {
        Self { id: key.id.to_string(), name: key.name.to_string(), project_id: key.project.to_string() }
    }
}

/// Removes a member: their roles, group memberships, sessions and admin keys
/// here are gone. API keys of projects go on working.
#[utoipa::path(
    delete, path = "/v1/organization/users/{user_id}", operation_id = "delete-user", tag = "Users",
    params(("user_id" = String, Path, description = "Id of the user")), responses((status = 200, body = DeletedUser))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
) -> Result<Json<DeletedUser>, ApiError> {
    let removed = member::remove(&api.keyward, &actor, id(&user_id, "user")?).await?;
    Ok(Json(DeletedUser {
        object: "organization.user.deleted",
        id: user_id,
        deleted: true,
        created_api_keys: removed.api_keys.into_iter().map(Into::into).collect(),
        created_api_key_count: removed.api_key_count,
    }))
}
