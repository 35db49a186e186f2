//! The second factor: a code of an authenticator app (RFC 6238), or one of the
//! recovery codes for the day when the telephone is gone.

mod recovery_code;
mod totp;

pub use recovery_code::RecoveryCode;
pub use totp::TotpSecret;

/// A code as a person typed it. Blanks don't count.
#[derive(Debug, Clone)]
pub enum PresentedCode {
    /// Six digits: an app shows them. Good for one and a half minutes at most.
    Totp(secrecy::SecretString),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl PresentedCode {
    /// Reads what was typed; `None` for what can't be either.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if dense.len() == TotpSecret::DIGITS && dense.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Totp(dense.into()));
        }
        RecoveryCode::parse(&dense).map(Self::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_of_an_app_and_the_rest_is_a_recovery_code_or_nothing() {
        assert!(matches!(PresentedCode::parse(" 123 456 "), Some(PresentedCode::Totp(_))));
        assert!(matches!(PresentedCode::parse("Abcd-0123-wxyz "), Some(PresentedCode::Recovery(_))));
        for wrong in ["", "12345", "1234567", "１２３４５６", "abcd-0123", &"1".repeat(100)] {
            assert!(PresentedCode::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{:?}", PresentedCode::parse("123456")).contains("123456"));
    }
}
