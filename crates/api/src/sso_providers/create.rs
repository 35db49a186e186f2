//! `POST /v1/organization/sso_providers`

use axum::{Json, extract::State};
use keyward_domain::{
    Invalid, Name,
    sso::{ClientId, Issuer, Scopes, parse_mappings},
};
use keyward_service::{
    idempotency::Idempotency,
    sso::{self, CreateSsoProvider},
};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{MappingObject, SsoProviderObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating},
};

/// What the provider will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSsoProviderBody {
    /// 1 to 120 characters, unique in the organization.
    pub name: String,
    /// The provider's issuer, letter for letter as it calls itself.
    pub issuer: String,
    /// How Keyward is registered there.
    pub client_id: String,
    /// The secret of that registration; null: a public client. Written only: answers show it masked.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub client_secret: Option<SecretString>,
    /// What is asked for; `openid`, `email` and `profile` unless given.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Which claims give what.
    #[serde(default)]
    pub mappings: Option<Vec<MappingObject>>,
    /// Whether somebody unknown with a verified address becomes a member at their first sign-in; false unless given.
    #[serde(default)]
    pub creates_members: Option<bool>,
    /// Whether anybody can sign in by it; true unless given.
    #[serde(default)]
    pub enabled: Option<bool>,
}

impl CreateSsoProviderBody {
    fn command(self, allow_http: bool, idempotency: Option<Idempotency>) -> Result<CreateSsoProvider, Invalid> {
        let mappings = self.mappings.unwrap_or_default().into_iter().map(Into::into).collect();
        Ok(CreateSsoProvider {
            name: Name::parse("name", &self.name)?,
            issuer: Issuer::parse("issuer", &self.issuer, allow_http)?,
            client_id: ClientId::parse("client_id", &self.client_id)?,
            client_secret: self.client_secret,
            scopes: self.scopes.map_or_else(|| Ok(Scopes::default()), |scopes| Scopes::parse("scopes", scopes))?,
            mappings: parse_mappings("mappings", mappings)?,
            creates_members: self.creates_members.unwrap_or(false),
            enabled: self.enabled.unwrap_or(true),
            idempotency,
        })
    }
}

/// Connects an OpenID Connect provider. Only an owner can: it says who everybody is.
#[utoipa::path(
    post, path = "/v1/organization/sso_providers", operation_id = "create-sso-provider", tag = "Single sign-on",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateSsoProviderBody, responses((status = 200, body = SsoProviderObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateSsoProviderBody>,
) -> Result<Json<SsoProviderObject>, ApiError> {
    let command = request.body.command(api.sso.allows_http(), request.idempotency)?;
    let provider = sso::create(&api.keyward, &actor, command).await?;
    Ok(Json(SsoProviderObject::new(&api.keyward, provider)))
}
