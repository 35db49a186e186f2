//! `POST /v1/organization/sso_providers/{sso_provider_id}/test`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::sso;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    error::ErrorResponse,
    extract::{AdminActor, JsonBody, id},
};

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSsoProviderBody {}

/// A test that went well: what the provider says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestedSsoProvider {
    /// Always `organization.sso_provider.test`.
    pub object: &'static str,
    /// Id of the provider.
    pub sso_provider_id: String,
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where it says more about people; null if nowhere.
    pub userinfo_endpoint: Option<String>,
    /// Its ways to sign that Keyward accepts.
    pub signing_algorithms: Vec<String>,
    /// How many keys it shows.
    pub keys: usize,
    /// What to register at the provider as the address to return to.
    pub redirect_uri: String,
}

/// Asks a provider what it says of itself, and tells what is wrong with it.
#[utoipa::path(
    post, path = "/v1/organization/sso_providers/{sso_provider_id}/test", operation_id = "test-sso-provider", tag = "Single sign-on",
    params(("sso_provider_id" = String, Path, description = "Id of the provider")),
    request_body = TestSsoProviderBody,
    responses(
        (status = 200, body = TestedSsoProvider),
        (status = 502, body = ErrorResponse, description = "The provider can't be reached, isn't at an allowed address, or says something that can't be used."),
        (status = 504, body = ErrorResponse, description = "The provider didn't answer in time."),
    )
)]
pub async fn test(
    State(api): State<Api>,
    actor: AdminActor,
    Path(sso_provider_id): Path<String>,
    JsonBody(TestSsoProviderBody {}): JsonBody<TestSsoProviderBody>,
) -> Result<Json<TestedSsoProvider>, ApiError> {
    let id = id(&sso_provider_id, "single sign-on provider")?;
    let tested = sso::test(&api.keyward, &actor, &api.sso, id).await?;
    Ok(Json(TestedSsoProvider {
        object: "organization.sso_provider.test",
        sso_provider_id,
        authorization_endpoint: tested.authorization_endpoint,
        token_endpoint: tested.token_endpoint,
        userinfo_endpoint: tested.userinfo_endpoint,
        signing_algorithms: tested.signing_algorithms,
        keys: tested.keys,
        redirect_uri: tested.redirect_uri,
    }))
}
