//! `POST /v1/organization/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, assignment::parse_role, role::Scope};
use keyward_service::member::{self, UpdateMember};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::UserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// What changes; what isn't named, or is null, stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyUserBody {
    /// `owner` or `reader`, or the id of a role: takes the place of all that
    /// the member holds directly at the organization.
    #[serde(default)]
    pub role: Option<String>,
    /// Id of a role, instead of `role`.
    #[serde(default)]
    pub role_id: Option<String>,
    /// Whether they may do nothing in the organization, from the next request on.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    technical_level: Option<()>,
    /// The specification's field for a service that Keyward doesn't offer; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    developer_persona: Option<()>,
}

impl ModifyUserBody {
    fn command(self) -> Result<UpdateMember, Invalid> {
        let (role_param, text) = match (self.role, self.role_id) {
            (Some(_), Some(_)) => return Err(Invalid::new("role_id", "Give role or role_id, not both.")),
            (Some(word), None) => ("role", Some(word)),
            (None, id) => ("role_id", id),
        };
        let role = text.map(|text| parse_role(role_param, Scope::Organization, &text)).transpose()?;
        Ok(UpdateMember { role, role_param, disabled: self.disabled })
    }
}

/// Changes a member's role, or disables or enables them. A disabled member's
/// sessions end, and their admin keys open nothing.
#[utoipa::path(
    post, path = "/v1/organization/users/{user_id}", operation_id = "modify-user", tag = "Users",
    params(("user_id" = String, Path, description = "Id of the user")),
    request_body = ModifyUserBody, responses((status = 200, body = UserObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
    JsonBody(body): JsonBody<ModifyUserBody>,
) -> Result<Json<UserObject>, ApiError> {
    let user = id(&user_id, "user")?;
    Ok(Json(member::update(&api.keyward, &actor, user, body.command()?).await?.into()))
}
