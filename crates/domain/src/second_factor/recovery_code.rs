//! Recovery codes: 60 random bits that a person can write down and type. Each
//! opens once; Keyward keeps digests only.

use secrecy::{ExposeSecret, SecretString};

use crate::{
    Randomness,
    id::UserId,
    secret::{Pepper, SecretDigest},
};

/// Crockford's: without letters that are taken for digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARS: usize = 12;

/// One recovery code.
#[derive(Debug, Clone)]
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// How many a user gets at a time.
    pub const COUNT: usize = 10;

    /// Draws a new one.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bytes = zeroize::Zeroizing::new([0; CHARS]);
        randomness.fill(&mut *bytes);
        // 256 is a multiple of 32: every character is equally likely.
        let text: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        Self(text.into())
    }

    /// Reads what somebody typed, in capitals or not, with hyphens or without;
    /// `None` for what can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let read = |c: char| match c.to_ascii_lowercase() {
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            c => u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte)).map(char::from),
        };
        let typed = text.chars().filter(|c| *c != '-' && !c.is_whitespace());
        let code: String = typed.map(read).collect::<Option<_>>()?;
        (code.len() == CHARS).then(|| Self(code.into()))
    }

    /// The text, for the one answer that shows it.
    pub fn shown(&self) -> String {
        let text = self.0.expose_secret();
        format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }

    /// What Keyward keeps and looks up.
    pub fn digest(&self, user: UserId, pepper: &Pepper) -> SecretDigest {
        pepper.digest(&format!("recovery code:{user}:{}", self.0.expose_secret()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::fixed::CountingRandomness;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        let code = RecoveryCode::generate(&CountingRandomness::default());
        let (user, pepper) = (UserId::from_uuid(Uuid::from_u128(1)), Pepper::new([7; 32]));
        let shown = code.shown();
        assert_eq!((shown.len(), shown.matches('-').count()), (14, 2));
        for typed in [shown.clone(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('0', "O")] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap().digest(user, &pepper), code.digest(user, &pepper));
        }
        let other = UserId::from_uuid(Uuid::from_u128(2));
        assert_ne!(code.digest(other, &pepper), code.digest(user, &pepper), "a code is its user's");
        assert!(!format!("{code:?}").contains(&shown[..4]));
        for wrong in ["", "abcd-0123-wxy", "abcd-0123-wxyz0", "abcd-0123-wxyu", "äbcd-0123-wxyz"] {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
    }
}
