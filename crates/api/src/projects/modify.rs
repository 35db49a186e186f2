//! `POST /v1/organization/projects/{project_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, Name, project::parse_description};
use keyward_service::project::{self, UpdateProject};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ModelPermissionsObject, ProjectObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id, present_object},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyProjectBody {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// A new description.
    #[serde(default)]
    pub description: Option<String>,
    /// A new list of models; null: all may be used.
    #[serde(default, deserialize_with = "present_object")]
    #[schema(value_type = Option<ModelPermissionsObject>)]
    pub model_permissions: Option<Option<ModelPermissionsObject>>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    geography: Option<()>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    external_key_id: Option<()>,
}

impl ModifyProjectBody {
    fn command(self, expected_version: Option<i64>) -> Result<UpdateProject, Invalid> {
        Ok(UpdateProject {
            name: self.name.map(|name| Name::parse("name", &name)).transpose()?,
            description: self.description.map(|text| parse_description("description", &text)).transpose()?,
            model_permissions: match self.model_permissions {
                Some(Some(permissions)) => Some(Some(permissions.read()?)),
                Some(None) => Some(None),
                None => None,
            },
            expected_version,
        })
    }
}

/// Edits a project.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}", operation_id = "modify-project", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyProjectBody, responses((status = 200, body = ProjectObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyProjectBody>,
) -> Result<Json<ProjectObject>, ApiError> {
    let project_id = id(&project_id, "project")?;
    let modified = project::update(&api.keyward, &actor, project_id, body.command(version)?).await?;
    Ok(Json(modified.into()))
}
