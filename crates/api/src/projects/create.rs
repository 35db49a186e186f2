//! `POST /v1/organization/projects`

use axum::{Json, extract::State};
use keyward_domain::{Invalid, Name, project::parse_description};
use keyward_service::{
    idempotency::Idempotency,
    project::{self, CreateProject},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ModelPermissionsObject, ProjectObject};
use crate::{
    Api, ApiError,
    credentials::NewCredentialBody,
    extract::{AdminActor, Creating, object},
};

/// What the project will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProjectBody {
    /// 1 to 120 characters, unique in the organization.
    pub name: String,
    /// Free text of at most 1,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Which models it may use; null: all.
    #[serde(default, deserialize_with = "object")]
    pub model_permissions: Option<ModelPermissionsObject>,
    /// Its first credential, made together with it.
    #[serde(default, deserialize_with = "object")]
    pub credential: Option<NewCredentialBody>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    residency: Option<()>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    geography: Option<()>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    external_key_id: Option<()>,
}

impl CreateProjectBody {
    fn command(self, idempotency: Option<Idempotency>) -> Result<CreateProject, Invalid> {
        Ok(CreateProject {
            name: Name::parse("name", &self.name)?,
            description: parse_description("description", &self.description.unwrap_or_default())?,
            model_permissions: self.model_permissions.map(ModelPermissionsObject::read).transpose()?,
            credential: self
                .credential
                .map(NewCredentialBody::read)
                .transpose()
                .map_err(|invalid| invalid.within("credential"))?,
            idempotency,
        })
    }
}

/// Creates an active project.
#[utoipa::path(
    post, path = "/v1/organization/projects", operation_id = "create-project", tag = "Projects",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateProjectBody, responses((status = 200, body = ProjectObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateProjectBody>,
) -> Result<Json<ProjectObject>, ApiError> {
    let created = project::create(&api.keyward, &actor, request.body.command(request.idempotency)?).await?;
    Ok(Json(created.into()))
}
