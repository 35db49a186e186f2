//! `POST /v1/auth/setup`: the first organization of a fresh installation.

use axum::{extract::State, response::Response};
use keyward_domain::{Name, organization::Email, password::Password};
use keyward_service::setup::{self, DoneSetUp, SetUp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api, ApiError,
    auth::{SignedInObject, welcome_with},
    extract::{JsonBody, Visitor, link_token},
    reveal::Shown,
};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set_up))
}

/// What the first organization will be, and whose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpBody {
    /// The last part of the link that `keyward serve` printed.
    #[schema(value_type = String)]
    pub token: SecretString,
    /// What the organization is called.
    pub organization: String,
    /// Its owner's address.
    pub email: String,
    /// What its owner is called; the part of the address before the @ unless
    /// given.
    #[serde(default)]
    pub name: Option<String>,
    /// Its owner's password: 12 to 1,024 characters.
    #[schema(value_type = String)]
    pub password: SecretString,
    /// Whether an admin key is made too.
    #[serde(default)]
    pub create_admin_key: bool,
}

/// An installation that is set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetUpObject {
    /// Always `setup`.
    pub object: &'static str,
    /// Id of the organization.
    pub organization_id: String,
    /// The owner's session.
    pub session: SignedInObject,
    /// The admin key, if it was asked for: only in this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub admin_key: Option<Shown>,
}

/// Makes the first organization and its owner, and signs them in. The link is
/// good once, and only until there is an organization.
#[utoipa::path(
    post, path = "/v1/auth/setup", operation_id = "set-up", tag = "Links", security(()),
    request_body = SetUpBody, responses((status = 200, body = SetUpObject))
)]
async fn set_up(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    JsonBody(body): JsonBody<SetUpBody>,
) -> Result<Response, ApiError> {
    let command = SetUp {
        token: link_token(&body.token)?,
        organization: Name::parse("organization", &body.organization)?,
        email: Email::parse("email", &body.email)?,
        name: body.name.map(|name| Name::parse("name", &name)).transpose()?,
        password: Password::parse("password", body.password.expose_secret())?,
        create_admin_key: body.create_admin_key,
        origin,
    };
    let DoneSetUp { organization, welcome, admin_key } = setup::set_up(&api.keyward, command).await?;
    let done = SetUpObject {
        object: "setup",
        organization_id: organization.id.to_string(),
        session: SignedInObject::from(&welcome),
        admin_key: admin_key.map(Shown),
    };
    Ok(welcome_with(&done, &welcome, api.keyward.now()))
}
