//! `POST /v1/organization/projects/{project_id}/api_keys`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use keyward_domain::{
    Invalid, Name, Timestamp,
    api_key::{KeyAccess, KeyDraft, parse_environment, parse_max_requests, parse_metadata},
};
use keyward_service::api_key::{self, CreateApiKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    fields::{AccessFields, expiry},
    object::ApiKeyObject,
};
use crate::{
    Api, ApiError,
    budgets::TermsBody,
    extract::{AdminActor, Creating, id, object},
    limits::LimitsBody,
    reveal::Reveal,
    time::Moment,
};

/// What the key will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKeyBody {
    /// What it is for: 1 to 120 characters, unique among the project's live keys.
    pub name: String,
    /// When it stops working, in Unix seconds or RFC 3339; at most ten years away. Null: never.
    #[serde(default)]
    pub expires_at: Option<Moment>,
    /// The same as a duration: 1 second to ten years.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
    /// How many calls it may make in its life; null: any number.
    #[serde(default)]
    pub max_requests: Option<i64>,
    /// Data permissions such as `llm:invoke`; none: all of them.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Models or globs such as `gpt-4o*`; none: all that the project allows.
    #[serde(default)]
    pub allowed_models: Option<Vec<String>>,
    /// Client addresses and networks such as `192.0.2.0/24`; none: all.
    #[serde(default)]
    pub allowed_ips: Option<Vec<String>>,
    /// Web origins such as `https://app.example.com`; none: all.
    #[serde(default)]
    pub allowed_origins: Option<Vec<String>>,
    /// Whether a request without an `Origin` is refused.
    #[serde(default)]
    pub require_origin: Option<bool>,
    /// How often it may be used; null: as often as the project allows.
    #[serde(default, deserialize_with = "object")]
    pub limits: Option<LimitsBody>,
    /// What its calls may cost; null: as much as the project may.
    #[serde(default, deserialize_with = "object")]
    pub budget: Option<TermsBody>,
    /// A label such as `production`, of at most 64 characters.
    #[serde(default)]
    pub environment: Option<String>,
    /// Up to 16 pairs of text.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

impl CreateApiKeyBody {
    fn draft(self, now: Timestamp) -> Result<KeyDraft, Invalid> {
        let fields = AccessFields {
            scopes: self.scopes,
            allowed_models: self.allowed_models,
            allowed_ips: self.allowed_ips,
            allowed_origins: self.allowed_origins,
            require_origin: self.require_origin,
            limits: self.limits.unwrap_or_default(),
            budget: self.budget.map(Some),
        };
        let mut access = KeyAccess::default();
        access.apply(fields.read()?)?;
        Ok(KeyDraft {
            name: Name::parse("name", &self.name)?,
            expires_at: expiry(self.expires_at.map(Some), self.expires_in_seconds, now)?.flatten(),
            max_requests: self.max_requests.map(parse_max_requests).transpose()?,
            access,
            environment: parse_environment(&self.environment.unwrap_or_default())?,
            metadata: parse_metadata(self.metadata.unwrap_or_default())?,
        })
    }
}

/// Creates an API key and shows it in `value`, the only time.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/api_keys", operation_id = "create-project-api-key", tag = "API keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateApiKeyBody, responses((status = 200, body = ApiKeyObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateApiKeyBody>,
) -> Result<Reveal<ApiKeyObject>, ApiError> {
    let now = api.keyward.now();
    let (project, draft) = (id(&project_id, "project")?, request.body.draft(now)?);
    let command = CreateApiKey { project, draft, idempotency: request.idempotency };
    let created = api_key::create(&api.keyward, &actor, command).await?;
    Ok(ApiKeyObject::revealed(created, now))
}
