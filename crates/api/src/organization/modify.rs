//! `POST /v1/organization`

use axum::{Json, extract::State};
use keyward_domain::{Invalid, Name};
use keyward_service::organization::{self, UpdateOrganization};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::OrganizationObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyOrganizationBody {
    /// A new name, unique in the installation.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether members sign in by single sign-on only. Switching it on ends the sessions that passwords opened, but for owners' and your own.
    #[serde(default)]
    pub sso_required: Option<bool>,
}

impl ModifyOrganizationBody {
    fn command(self, expected_version: Option<i64>) -> Result<UpdateOrganization, Invalid> {
        let name = self.name.map(|name| Name::parse("name", &name)).transpose()?;
        Ok(UpdateOrganization { name, sso_required: self.sso_required, expected_version })
    }
}

/// Edits your organization.
#[utoipa::path(
    post, path = "/v1/organization", operation_id = "modify-organization", tag = "Organization",
    params(("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyOrganizationBody, responses((status = 200, body = OrganizationObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyOrganizationBody>,
) -> Result<Json<OrganizationObject>, ApiError> {
    let settings = organization::update(&api.keyward, &actor, body.command(version)?).await?;
    Ok(Json(OrganizationObject::new(&api.keyward, settings)))
}
