//! The text of a key: prefix, 256 random bits, checksum. And what Keyward keeps
//! of it: a digest under the pepper, and its last four characters.
//!
//! Format: `sk-project-` or `sk-admin-`, 43 base62 characters (a 256-bit number,
//! most significant first), 6 base62 characters of CRC-32 (IEEE) over all that
//! stands before. The checksum lets a scanner or the gateway tell a typing error
//! from an unknown key without asking anything.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::Randomness;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;

/// Which door a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A project's API key: the gateway and the project's resources.
    Project,
    /// An organization's admin key: the admin API.
    Admin,
}

impl KeyKind {
    /// What the text starts with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Project => "sk-project-",
            Self::Admin => "sk-admin-",
        }
    }
}

/// The full text of a key, which exists only on its way to its owner.
#[derive(Debug, Clone)]
pub struct KeySecret(SecretString);

impl KeySecret {
    /// Draws a new secret.
    pub fn generate(kind: KeyKind, randomness: &dyn Randomness) -> Self {
        let mut number = [0; 32];
        randomness.fill(&mut number);
        let mut text = String::with_capacity(kind.prefix().len() + RANDOM_CHARS + CHECKSUM_CHARS);
        text.push_str(kind.prefix());
        push_base62(&mut text, &mut number, RANDOM_CHARS);
        let mut checksum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        push_base62(&mut text, &mut checksum, CHECKSUM_CHARS);
        number.zeroize();
        Self(text.into())
    }

    /// The text, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What Keyward stores and looks up.
    pub fn digest(&self, pepper: &Pepper) -> SecretDigest {
        pepper.digest(self.expose())
    }

    /// The last four characters, kept so that people recognise the key.
    pub fn last_four(&self) -> String {
        let text = self.expose();
        text[text.len() - 4..].to_owned()
    }
}

/// What a link or a cookie carries: 256 random bits in base62. It names its
/// purpose only in its digest, so that one made for one thing opens no other.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

impl Token {
    /// Draws a new one.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut number = [0; 32];
        randomness.fill(&mut number);
        let mut text = String::with_capacity(RANDOM_CHARS);
        push_base62(&mut text, &mut number, RANDOM_CHARS);
        number.zeroize();
        Self(text.into())
    }

    /// Reads what somebody sends back; `None` for what can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let plausible = text.len() == RANDOM_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric());
        plausible.then(|| Self(text.into()))
    }

    /// The text, for the one who may have it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What Keyward stores and looks up, for one `purpose`.
    pub fn digest(&self, purpose: &str, pepper: &Pepper) -> SecretDigest {
        pepper.digest(&format!("{purpose}:{}", self.expose()))
    }
}

/// Which kind of key `text` is, if it is well-formed and its checksum holds.
/// Says nothing about whether such a key exists.
pub fn recognise(text: &str) -> Option<KeyKind> {
    let kind = [KeyKind::Project, KeyKind::Admin].into_iter().find(|kind| text.starts_with(kind.prefix()))?;
    let (body, checksum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
    if body.len() != kind.prefix().len() + RANDOM_CHARS || !text.is_ascii() {
        return None;
    }
    let mut expected = String::with_capacity(CHECKSUM_CHARS);
    push_base62(&mut expected, &mut crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_CHARS);
    let alphabetic = body[kind.prefix().len()..].bytes().all(|b| b.is_ascii_alphanumeric());
    (alphabetic && checksum == expected).then_some(kind)
}

/// How a key is shown: its prefix, three dots and its last four characters.
pub fn redacted(kind: KeyKind, last_four: &str) -> String {
    format!("{}...{last_four}", kind.prefix())
}

/// Appends the big-endian `number` (which is used up) as `chars` base62 digits.
fn push_base62(text: &mut String, number: &mut [u8], chars: usize) {
    let mut digits = [b'0'; RANDOM_CHARS];
    for digit in digits[..chars].iter_mut().rev() {
        let mut remainder = 0u16;
        for byte in number.iter_mut() {
            let value = remainder << 8 | u16::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = ALPHABET[usize::from(remainder)];
    }
    text.extend(digits[..chars].iter().map(|digit| char::from(*digit)));
    digits.zeroize();
}

/// HMAC-SHA-256 of a key's text under the pepper.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub [u8; 32]);

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

/// The random key of the digests. The master key wraps it, so the master key
/// can change while every API key keeps working.
///
/// It is kept as the state of a digest that has read it: half of the work of a
/// digest is reading its key. That state is wiped when it is dropped.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pepper(…)")
    }
}

impl Pepper {
    /// Takes the unwrapped bytes.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        Self(KeyInit::new_from_slice(&*bytes).expect("HMAC takes keys of any length"))
    }

    /// The digest under which a key with this text is known.
    pub fn digest(&self, text: &str) -> SecretDigest {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        SecretDigest(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::fixed::CountingRandomness;

    #[test]
    fn a_generated_key_is_recognised_and_every_typing_error_is_not() {
        for kind in [KeyKind::Project, KeyKind::Admin] {
            let secret = KeySecret::generate(kind, &CountingRandomness::default());
            let text = secret.expose();
            assert_eq!(text.len(), kind.prefix().len() + 49);
            assert_eq!(recognise(text), Some(kind));
            for at in 0..text.len() {
                let mut wrong = text.as_bytes().to_vec();
                wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
                assert_eq!(recognise(&String::from_utf8(wrong).unwrap()), None, "at {at}");
            }
        }
    }

    #[test]
    fn the_largest_number_fits() {
        let mut text = String::new();
        push_base62(&mut text, &mut [0xff; 32], RANDOM_CHARS);
        assert_eq!(text.len(), 43);
        assert_ne!(text.as_bytes()[0], b'0');
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = KeySecret::generate(KeyKind::Project, &CountingRandomness::default());
        let pepper = Pepper::new([7; 32]);
        let shown = format!("{secret:?} {:?} {pepper:?}", secret.digest(&pepper));
        assert!(!shown.contains(&secret.expose()[11..20]));
        assert!(shown.len() < 120);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}") {
            let _ = recognise(&text);
            let _ = recognise(&format!("sk-project-{text}"));
        }
    }
}
