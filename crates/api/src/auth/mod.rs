//! Signing in and out.

mod sign_in;
mod sign_out;
mod sso;
mod welcome;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::{
    sign_out::farewell,
    welcome::{SignedInObject, SignedInUser, welcome, welcome_with},
};
use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(sign_in::sign_in)).routes(routes!(sign_out::sign_out)).merge(sso::routes())
}
