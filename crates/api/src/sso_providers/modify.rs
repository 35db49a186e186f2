//! `POST /v1/organization/sso_providers/{sso_provider_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid, Name,
    sso::{ClientId, Issuer, Scopes, parse_mappings},
};
use keyward_service::sso::{self, UpdateSsoProvider};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{MappingObject, SsoProviderObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id, present},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifySsoProviderBody {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// Another provider. Where a secret is stored, `client_secret` must be sent with it.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Another registration there.
    #[serde(default)]
    pub client_id: Option<String>,
    /// A new secret; null: none, for a public client.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, write_only)]
    pub client_secret: Option<Option<SecretString>>,
    /// All scopes, anew.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// All mappings, anew. What a mapping gave that is no more is taken back at once.
    #[serde(default)]
    pub mappings: Option<Vec<MappingObject>>,
    /// Whether somebody unknown with a verified address becomes a member at their first sign-in.
    #[serde(default)]
    pub creates_members: Option<bool>,
    /// Whether anybody can sign in by it. Disabling it ends the sessions that it opened.
    #[serde(default)]
    pub enabled: Option<bool>,
}

impl ModifySsoProviderBody {
    fn command(self, allow_http: bool, expected_version: Option<i64>) -> Result<UpdateSsoProvider, Invalid> {
        let mappings = self.mappings.map(|mappings| mappings.into_iter().map(Into::into).collect());
        Ok(UpdateSsoProvider {
            name: self.name.map(|name| Name::parse("name", &name)).transpose()?,
            issuer: self.issuer.map(|issuer| Issuer::parse("issuer", &issuer, allow_http)).transpose()?,
            client_id: self.client_id.map(|id| ClientId::parse("client_id", &id)).transpose()?,
            client_secret: self.client_secret,
            scopes: self.scopes.map(|scopes| Scopes::parse("scopes", scopes)).transpose()?,
            mappings: mappings.map(|mappings| parse_mappings("mappings", mappings)).transpose()?,
            creates_members: self.creates_members,
            enabled: self.enabled,
            expected_version,
        })
    }
}

/// Edits a provider. Another issuer or client id (an owner's business) ends its sessions and forgets whom it knows.
#[utoipa::path(
    post, path = "/v1/organization/sso_providers/{sso_provider_id}", operation_id = "modify-sso-provider", tag = "Single sign-on",
    params(
        ("sso_provider_id" = String, Path, description = "Id of the provider"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    request_body = ModifySsoProviderBody, responses((status = 200, body = SsoProviderObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(sso_provider_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifySsoProviderBody>,
) -> Result<Json<SsoProviderObject>, ApiError> {
    let id = id(&sso_provider_id, "single sign-on provider")?;
    let command = body.command(api.sso.allows_http(), version)?;
    let provider = sso::update(&api.keyward, &actor, id, command).await?;
    Ok(Json(SsoProviderObject::new(&api.keyward, provider)))
}
