//! Some keys of one JSON object, read so that no other parser could read other
//! ones: see [`crate::head`]. It knows no key by itself.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::head::BadBody;

/// The values of some keys of one JSON object, the rest passed over.
pub(crate) struct Fields<'a, const N: usize>(pub(crate) [Option<&'a RawValue>; N]);

impl<'a, const N: usize> Fields<'a, N> {
    /// Puts into `bad` what isn't the parser's but policy's to refuse.
    pub(crate) fn read<D: Deserializer<'a>>(
        json: D,
        keys: &[&'static str; N],
        bad: &mut Option<BadBody>,
    ) -> Result<Self, D::Error> {
        json.deserialize_map(FieldsVisitor { keys, bad, found: [None; N] })
    }
}

struct FieldsVisitor<'k, 'a, const N: usize> {
    keys: &'k [&'static str; N],
    bad: &'k mut Option<BadBody>,
    found: [Option<&'a RawValue>; N],
}

impl<'a, const N: usize> Visitor<'a> for FieldsVisitor<'_, 'a, N> {
    type Value = Fields<'a, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut entries: A) -> Result<Self::Value, A::Error> {
        while let Some(key) = entries.next_key_seed(Key(self.keys))? {
            let refuse = |message: String, key: &'static str| BadBody { param: Some(key), message };
            match key {
                Which::Other => {
                    entries.next_value::<IgnoredAny>()?;
                }
                Which::Known(at) => {
                    let value = entries.next_value::<&'a RawValue>()?;
                    let (Some(slot), Some(key)) = (self.found.get_mut(at), self.keys.get(at)) else { continue };
                    if slot.replace(value).is_some() {
                        *self.bad = Some(refuse(format!("The request's body has {key} twice. Send it once."), key));
                        return Err(A::Error::custom("a key stands twice"));
                    }
                }
                Which::Lookalike(at) => {
                    let key = self.keys.get(at).copied().unwrap_or_default();
                    let message =
                        format!("The request's body has a key that some providers read as {key}. Write {key}.");
                    *self.bad = Some(refuse(message, key));
                    return Err(A::Error::custom("a key looks like another"));
                }
            }
        }
        Ok(Fields(self.found))
    }
}

/// What a key of the body is to us.
enum Which {
    Known(usize),
    /// Spelled otherwise, but the same to a parser that folds letters.
    Lookalike(usize),
    Other,
}

struct Key<'k>(&'k [&'static str]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Which;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Which, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Which;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Which, E> {
        for (at, known) in self.0.iter().enumerate() {
            if key == *known {
                return Ok(Which::Known(at));
            }
            if folds_to(key, known) {
                return Ok(Which::Lookalike(at));
            }
        }
        Ok(Which::Other)
    }
}

/// Whether a lenient parser could take `key` for `known`: letters of any case
/// and their Unicode relatives (Go's `encoding/json` folds `ſ` to `s`), with
/// or without underscores and hyphens, however many (Go's second version).
pub(crate) fn folds_to(key: &str, known: &str) -> bool {
    let counts = |byte: &u8| !matches!(byte, b'_' | b'-');
    if key.is_ascii() {
        // Almost every key, and much faster.
        let folded = key.bytes().filter(counts).map(|byte| byte.to_ascii_lowercase());
        return folded.eq(known.bytes().filter(|byte| *byte != b'_'));
    }
    folds_by_unicode(key, known)
}

fn folds_by_unicode(key: &str, known: &str) -> bool {
    let folded = key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    folded.filter(|c| !matches!(c, '_' | '-')).eq(known.chars().filter(|c| *c != '_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relatives_of_a_letter_fold_and_longer_words_do_not() {
        assert!(folds_to("to\u{212a}en", "token"));
        assert!(!folds_to("models", "model") && !folds_to("upstream", "stream"));
    }

    proptest! {
        #[test]
        fn the_fast_way_answers_like_the_thorough_one(key in "[mM]?[oO0]?[dD_-]{0,3}[eE]?[lL]?[_-]?[ -~]{0,2}") {
            prop_assert_eq!(folds_to(&key, "model"), folds_by_unicode(&key, "model"));
            prop_assert_eq!(folds_to(&key, "mo_del"), folds_by_unicode(&key, "mo_del"));
        }
    }

    #[test]
    fn no_number_of_separators_makes_another_word() {
        for padding in [1, 3, 100] {
            let separators = "_-".repeat(padding);
            assert!(folds_to(&format!("mo{separators}del"), "model"), "{padding}");
            assert!(folds_to(&format!("{separators}stream_options{separators}"), "stream_options"), "{padding}");
        }
        assert!(!folds_to("", "model") && !folds_to("___", "model"));
    }
}
