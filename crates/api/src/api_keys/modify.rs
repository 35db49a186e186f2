//! `POST /v1/organization/projects/{project_id}/api_keys/{api_key_id}`

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid, Name, Timestamp,
    api_key::{KeyPatch, parse_environment, parse_max_requests, parse_metadata},
};
use keyward_service::api_key::{self, UpdateApiKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    fields::{AccessFields, expiry},
    object::ApiKeyObject,
    place,
};
use crate::{
    Api, ApiError,
    budgets::TermsBody,
    extract::{AdminActor, IfMatch, JsonBody, present, present_object},
    limits::LimitsBody,
    time::Moment,
};

/// What changes; what isn't named stays. A null empties a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyApiKeyBody {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// `disabled` switches the key off, `active` on.
    #[serde(default)]
    pub status: Option<String>,
    /// A new end, in Unix seconds or RFC 3339; null: none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Moment>)]
    pub expires_at: Option<Option<Moment>>,
    /// A new end, counted from now.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
    /// A new cap of calls in its life; null: none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub max_requests: Option<Option<i64>>,
    /// New scopes, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub scopes: Option<Option<Vec<String>>>,
    /// New models, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub allowed_models: Option<Option<Vec<String>>>,
    /// New client networks, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub allowed_ips: Option<Option<Vec<String>>>,
    /// New web origins, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub allowed_origins: Option<Option<Vec<String>>>,
    /// Whether a request without an `Origin` is refused.
    #[serde(default)]
    pub require_origin: Option<bool>,
    /// New limits: what isn't named of them stays; null: none.
    #[serde(default, deserialize_with = "present_object")]
    #[schema(value_type = Option<LimitsBody>)]
    pub limits: Option<Option<LimitsBody>>,
    /// Another budget: what isn't named of it stays; null: none.
    #[serde(default, deserialize_with = "present_object")]
    #[schema(value_type = Option<TermsBody>)]
    pub budget: Option<Option<TermsBody>>,
    /// A new label; null: none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub environment: Option<Option<String>>,
    /// New pairs, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub metadata: Option<Option<BTreeMap<String, String>>>,
}

impl ModifyApiKeyBody {
    fn patch(self, now: Timestamp) -> Result<KeyPatch, Invalid> {
        let list = |field: Option<Option<Vec<String>>>| field.map(Option::unwrap_or_default);
        let access = AccessFields {
            scopes: list(self.scopes),
            allowed_models: list(self.allowed_models),
            allowed_ips: list(self.allowed_ips),
            allowed_origins: list(self.allowed_origins),
            require_origin: self.require_origin,
            limits: self.limits.map(|limits| limits.unwrap_or(LimitsBody::NONE)).unwrap_or_default(),
            budget: self.budget,
        };
        let environment = self.environment.map(|text| parse_environment(&text.unwrap_or_default()));
        Ok(KeyPatch {
            name: self.name.map(|name| Name::parse("name", &name)).transpose()?,
            disabled: self.status.as_deref().map(read_status).transpose()?,
            expires_at: expiry(self.expires_at, self.expires_in_seconds, now)?,
            max_requests: self.max_requests.map(|max| max.map(parse_max_requests).transpose()).transpose()?,
            access: access.read()?,
            environment: environment.transpose()?,
            metadata: self.metadata.map(|pairs| parse_metadata(pairs.unwrap_or_default())).transpose()?,
        })
    }
}

/// Reads `status`: whether the key is switched off.
fn read_status(status: &str) -> Result<bool, Invalid> {
    match status {
        "active" => Ok(false),
        "disabled" => Ok(true),
        _ => Err(Invalid::new(
            "status",
            "status must be active or disabled. To take a key back for good, POST to its /revoke.",
        )),
    }
}

/// Edits an API key, or switches it off and on. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/api_keys/{api_key_id}", operation_id = "modify-project-api-key", tag = "API keys",
    params(("project_id" = String, Path, description = "Id of the project"), ("api_key_id" = String, Path, description = "Id of the key"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyApiKeyBody, responses((status = 200, body = ApiKeyObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyApiKeyBody>,
) -> Result<Json<ApiKeyObject>, ApiError> {
    let now = api.keyward.now();
    let command = UpdateApiKey { place: place(&path)?, patch: body.patch(now)?, expected_version };
    let modified = api_key::update(&api.keyward, &actor, command).await?;
    Ok(Json(ApiKeyObject::new(modified, now)))
}
