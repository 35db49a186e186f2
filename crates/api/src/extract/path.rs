//! Ids in paths.

use crate::ApiError;

/// Reads an id; a text that can't be one is answered like an unknown id.
pub fn id<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(what))
}
