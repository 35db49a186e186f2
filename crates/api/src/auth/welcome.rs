//! The answer to whoever is signed in now: who they are, and the cookie.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use keyward_domain::{Timestamp, organization::User};
use keyward_service::session::Welcome;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_web::cookie;

/// A session that was just opened. Its secret is in the cookie only.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInObject {
    /// Always `session`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Who is signed in.
    pub user: SignedInUser,
    /// The organization in which they act.
    pub organization_id: String,
    /// When it was opened, in Unix seconds.
    pub created_at: i64,
    /// When it ends at the latest, in Unix seconds.
    pub expires_at: i64,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInUser {
    /// Always `user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// Their e-mail address.
    pub email: String,
    /// What they are called.
    pub name: String,
}

impl From<&User> for SignedInUser {
    fn from(user: &User) -> Self {
        Self { object: "user", id: user.id.to_string(), email: user.email.to_string(), name: user.name.to_string() }
    }
}

impl From<&Welcome> for SignedInObject {
    fn from(welcome: &Welcome) -> Self {
        let Welcome { user, session, .. } = welcome;
        Self {
            object: "session",
            id: session.id.to_string(),
            user: user.into(),
            organization_id: session.organization.to_string(),
            created_at: session.created_at.as_second(),
            expires_at: session.expires_at.as_second(),
        }
    }
}

/// Says so, and hands the cookie over.
pub fn welcome(welcome: Welcome, now: Timestamp) -> Response {
    welcome_with(&SignedInObject::from(&welcome), &welcome, now)
}

/// Says `body`, and hands the cookie over.
pub fn welcome_with(body: &impl Serialize, welcome: &Welcome, now: Timestamp) -> Response {
    let headers = [
        (header::SET_COOKIE, cookie::set_session(&welcome.token, now, welcome.session.expires_at)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Json(body)).into_response()
}
