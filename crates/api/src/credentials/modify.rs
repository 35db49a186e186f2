//! `POST …/credentials/{credential_id}`

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid, Name,
    credential::{Aliases, BaseUrl},
    weight::Weight,
};
use keyward_service::credential::{self, UpdateCredential};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::CredentialObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id, present},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyCredentialBody {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// A new secret, in force on the very next call; null: none, where the provider can do without.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, write_only)]
    pub api_key: Option<Option<SecretString>>,
    /// A new address; null: the provider's usual place. Where a secret is stored, `api_key` must be sent with it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub base_url: Option<Option<String>>,
    /// All aliases, anew.
    #[serde(default)]
    pub aliases: Option<BTreeMap<String, String>>,
    /// A new priority.
    #[serde(default)]
    pub priority: Option<i32>,
    /// A new weight.
    #[serde(default)]
    pub weight: Option<i64>,
}

impl ModifyCredentialBody {
    fn command(self, expected_version: Option<i64>) -> Result<UpdateCredential, Invalid> {
        Ok(UpdateCredential {
            name: self.name.map(|name| Name::parse("name", &name)).transpose()?,
            base_url: match self.base_url {
                Some(Some(url)) => Some(Some(BaseUrl::parse("base_url", &url)?)),
                Some(None) => Some(None),
                None => None,
            },
            api_key: self.api_key,
            aliases: self.aliases.map(|aliases| Aliases::parse("aliases", aliases)).transpose()?,
            priority: self.priority,
            weight: self.weight.map(|weight| Weight::parse("weight", weight)).transpose()?,
            expected_version,
        })
    }
}

/// Edits one of a project's own credentials.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/credentials/{credential_id}", operation_id = "modify-project-credential", tag = "Credentials",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("credential_id" = String, Path, description = "Id of the credential"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    request_body = ModifyCredentialBody, responses((status = 200, body = CredentialObject))
)]
pub async fn modify_in_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, credential_id)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyCredentialBody>,
) -> Result<Json<CredentialObject>, ApiError> {
    let (project, id) = (id(&project_id, "project")?, id(&credential_id, "credential")?);
    Ok(Json(credential::update(&api.keyward, &actor, Some(project), id, body.command(version)?).await?.into()))
}

/// Edits one of the organization's own credentials.
#[utoipa::path(
    post, path = "/v1/organization/credentials/{credential_id}", operation_id = "modify-organization-credential", tag = "Credentials",
    params(
        ("credential_id" = String, Path, description = "Id of the credential"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    request_body = ModifyCredentialBody, responses((status = 200, body = CredentialObject))
)]
pub async fn modify_in_organization(
    State(api): State<Api>,
    actor: AdminActor,
    Path(credential_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyCredentialBody>,
) -> Result<Json<CredentialObject>, ApiError> {
    let id = id(&credential_id, "credential")?;
    Ok(Json(credential::update(&api.keyward, &actor, None, id, body.command(version)?).await?.into()))
}
