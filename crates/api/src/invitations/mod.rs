//! Invitations, as the people see them who hold their links.

mod accept;
mod decline;
mod describe;

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(describe::describe))
        .routes(routes!(accept::accept))
        .routes(routes!(decline::decline))
}

/// Which invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationTokenBody {
    /// The last part of the link.
    #[schema(value_type = String)]
    pub token: SecretString,
}
