//! Answers that show a secret, the only time.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use keyward_domain::secret::KeySecret;
use serde::{Serialize, Serializer};

/// An answer that nobody on the way may keep.
#[derive(Debug)]
pub struct Reveal<T>(pub T);

impl<T: Serialize> IntoResponse for Reveal<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A key's text as a field of an answer. Its `Debug` shows nothing.
#[derive(Debug)]
pub struct Shown(pub KeySecret);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}
