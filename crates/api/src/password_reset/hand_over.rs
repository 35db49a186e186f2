//! `POST /v1/organization/users/{user_id}/password_reset_link`

use axum::extract::{Path, State};
use keyward_service::password_reset::{self, HandedLink};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, JsonBody, id},
    invites::ShownLink,
    reveal::Reveal,
};

/// A link to hand over.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordResetLink {
    /// Always `organization.user.password_reset_link`.
    pub object: &'static str,
    /// Whose password it sets.
    pub user_id: String,
    /// The link: only in this answer.
    pub url: ShownLink,
    /// Until when it is good, in Unix seconds.
    pub expires_at: i64,
}

/// Makes a link with which a member sets their password anew, to hand over to
/// them. Only for members of no other organization who hold no more than the
/// caller.
#[utoipa::path(
    post, path = "/v1/organization/users/{user_id}/password_reset_link", operation_id = "create-password-reset-link",
    tag = "Members", params(("user_id" = String, Path, description = "Id of the user")),
    request_body = EmptyBody, responses((status = 200, body = PasswordResetLink))
)]
pub async fn hand_over(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Reveal<PasswordResetLink>, ApiError> {
    let HandedLink { link, expires_at } =
        password_reset::hand_over(&api.keyward, &actor, id(&user_id, "user")?).await?;
    Ok(Reveal(PasswordResetLink {
        object: "organization.user.password_reset_link",
        user_id,
        url: ShownLink(link),
        expires_at: expires_at.as_second(),
    }))
}
