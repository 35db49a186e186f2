//! A password as a person chose it, on its way to being hashed or checked.

use secrecy::{ExposeSecret, SecretString};

use crate::Invalid;

/// A password: a new one of 12 to 1,024 characters, or one that is shown to
/// come in. Never shown, never stored as it is.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// Fewest characters.
    pub const MIN_CHARS: usize = 12;
    /// Most characters: hashing takes time by length.
    pub const MAX_CHARS: usize = 1024;

    /// Reads the field `param`. Every character counts, blanks too.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let count = text.chars().count();
        if (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&count) {
            return Ok(Self(text.into()));
        }
        let (min, max) = (Self::MIN_CHARS, Self::MAX_CHARS);
        Err(Invalid::new(param, format!("{param} has {count} characters: {min} to {max} are needed.")))
    }

    /// A password that somebody shows to come in. It may have any length: what
    /// is no password is as wrong as any other.
    pub fn presented(text: SecretString) -> Self {
        Self(text)
    }

    /// The bytes to hash.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_12_to_1024_characters_and_is_never_shown() {
        for (count, fits) in [(0, false), (11, false), (12, true), (1024, true), (1025, false)] {
            assert_eq!(Password::parse("password", &"é".repeat(count)).is_ok(), fits, "{count}");
        }
        let shown = format!("{:?}", Password::parse("password", "correct horse").unwrap());
        assert!(!shown.contains("horse"), "{shown}");
    }
}
