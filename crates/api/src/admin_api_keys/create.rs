//! `POST /v1/organization/admin_api_keys`

use axum::extract::State;
use keyward_domain::{Name, role::Scope};
use keyward_service::admin_key::{self, CreateAdminKey, WantedRole};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::AdminApiKeyObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
    reveal::Reveal,
};

/// What the key will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAdminApiKeyBody {
    /// What it is for: 1 to 120 characters.
    pub name: String,
    /// After how many seconds it stops working, 1 to 31,536,000; null: never.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
    /// What it may do of all that you may; null or none: all of it.
    #[serde(default)]
    pub roles: Option<Vec<WantedRoleBody>>,
}

/// A role that the key is to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedRoleBody {
    /// Id of the role.
    pub role_id: String,
    /// Id of the project in which it is held; null: in the organization.
    #[serde(default)]
    pub project_id: Option<String>,
}

impl WantedRoleBody {
    fn read(self) -> Result<WantedRole, ApiError> {
        let scope = match self.project_id {
            Some(project) => Scope::Project(id(&project, "project")?),
            None => Scope::Organization,
        };
        Ok(WantedRole { role: id(&self.role_id, "role")?, scope })
    }
}

/// Creates an admin key in the caller's name and shows it in `value`, the only
/// time.
#[utoipa::path(
    post, path = "/v1/organization/admin_api_keys", operation_id = "admin-api-keys-create", tag = "Admin keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateAdminApiKeyBody, responses((status = 200, body = AdminApiKeyObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateAdminApiKeyBody>,
) -> Result<Reveal<AdminApiKeyObject>, ApiError> {
    let command = CreateAdminKey {
        name: Name::parse("name", &request.body.name)?,
        expires_in_seconds: request.body.expires_in_seconds,
        roles: request
            .body
            .roles
            .unwrap_or_default()
            .into_iter()
            .map(WantedRoleBody::read)
            .collect::<Result<_, _>>()?,
        idempotency: request.idempotency,
    };
    let created = admin_key::create(&api.keyward, &actor, command).await?;
    Ok(AdminApiKeyObject::revealed(created))
}
