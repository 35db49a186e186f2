//! `POST …/credentials`

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid, Name,
    credential::{Aliases, BaseUrl},
    id::ProjectId,
    provider::Provider,
    weight::Weight,
};
use keyward_service::credential::{self, CreateCredential, NewCredential};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::CredentialObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// What the credential will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredentialBody {
    /// Who is called with it, such as `openai`; never changes.
    pub provider: String,
    /// 1 to 120 characters, unique among the project's (or the organization's own); null: after the provider.
    #[serde(default)]
    pub name: Option<String>,
    /// The provider's secret. Written only: answers show it masked.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub api_key: Option<SecretString>,
    /// Where the provider is, as its SDK takes it; null: at its usual place.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Names that callers may use, and the provider's model behind each.
    #[serde(default)]
    pub aliases: Option<BTreeMap<String, String>>,
    /// Lower is asked first; 0 unless given.
    #[serde(default)]
    pub priority: Option<i32>,
    /// Its share of the calls among credentials of the same priority: 1 to 1000, 1 unless given.
    #[serde(default)]
    pub weight: Option<i64>,
}

impl NewCredentialBody {
    /// Reads the fields.
    pub fn read(self) -> Result<NewCredential, Invalid> {
        let provider = Provider::parse(&self.provider).ok_or_else(|| {
            let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.as_str()).collect();
            Invalid::new("provider", format!("provider must be one of: {}.", known.join(", ")))
        })?;
        Ok(NewCredential {
            provider,
            name: self.name.map(|name| Name::parse("name", &name)).transpose()?,
            base_url: self.base_url.map(|url| BaseUrl::parse("base_url", &url)).transpose()?,
            api_key: self.api_key,
            aliases: Aliases::parse("aliases", self.aliases.unwrap_or_default())?,
            priority: self.priority.unwrap_or_default(),
            weight: self.weight.map_or_else(|| Ok(Weight::default()), |weight| Weight::parse("weight", weight))?,
        })
    }
}

/// Makes a credential of a project. Calls use it from the next one on.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/credentials", operation_id = "create-project-credential", tag = "Credentials",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = NewCredentialBody, responses((status = 200, body = CredentialObject))
)]
pub async fn create_in_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<NewCredentialBody>,
) -> Result<Json<CredentialObject>, ApiError> {
    create(&api, &actor, Some(id(&project_id, "project")?), request).await
}

/// Makes a credential of the organization: every project inherits it.
#[utoipa::path(
    post, path = "/v1/organization/credentials", operation_id = "create-organization-credential", tag = "Credentials",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = NewCredentialBody, responses((status = 200, body = CredentialObject))
)]
pub async fn create_in_organization(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<NewCredentialBody>,
) -> Result<Json<CredentialObject>, ApiError> {
    create(&api, &actor, None, request).await
}

async fn create(
    api: &Api,
    actor: &AdminActor,
    project: Option<ProjectId>,
    request: Creating<NewCredentialBody>,
) -> Result<Json<CredentialObject>, ApiError> {
    let command = CreateCredential { project, credential: request.body.read()?, idempotency: request.idempotency };
    Ok(Json(credential::create(&api.keyward, actor, command).await?.into()))
}
