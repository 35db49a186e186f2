//! Tokens of links, as bodies carry them.

use keyward_domain::secret::Token;
use keyward_service::Error;
use secrecy::{ExposeSecret, SecretString};

use crate::ApiError;

/// Reads a link's token; a text that can't be one opens nothing, like one that
/// isn't known.
pub fn link_token(text: &SecretString) -> Result<Token, ApiError> {
    Token::parse(text.expose_secret()).ok_or_else(|| Error::InvalidLink.into())
}
