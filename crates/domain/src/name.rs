//! Names that people give to things, and short free text.

use serde::Serialize;

use crate::Invalid;

/// A name of 1 to 120 characters without control characters, trimmed. Markup
/// and right-to-left text are names like any other: whoever shows one escapes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 120;

    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new(param, format!("{param} is empty: give it 1 to {} characters.", Self::MAX_CHARS)));
        }
        free_text(param, text, Self::MAX_CHARS)?;
        Ok(Self(text.to_owned()))
    }

    /// Wraps a name that was read from storage, where only valid ones are kept.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses control characters and more than `max_chars` characters.
pub fn free_text(param: &str, text: &str, max_chars: usize) -> Result<(), Invalid> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Invalid::new(
            param,
            format!("{param} holds a control character: use printable characters on one line."),
        ));
    }
    let count = text.chars().count();
    if count > max_chars {
        return Err(Invalid::new(param, format!("{param} has {count} characters: at most {max_chars} are possible.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_hostile_text_is_kept_as_it_is() {
        assert_eq!(Name::parse("name", "  CI \u{a0}").map(|n| n.0), Ok("CI".into()));
        for kept in ["<script>alert(1)</script>", "مشروع", "a\u{202e}b", &"é".repeat(120)] {
            assert_eq!(Name::parse("name", kept).map(|n| n.0), Ok(kept.to_owned()));
        }
    }

    #[test]
    fn blank_long_and_control_names_are_refused() {
        for wrong in ["", "   ", "a\nb", "a\0", "a\u{7f}", &"x".repeat(121)] {
            assert!(Name::parse("name", wrong).is_err(), "{wrong:?}");
        }
    }
}
