//! Codes that depend on the time: RFC 6238 with HMAC-SHA-1, six digits and
//! steps of 30 seconds, which is what every authenticator app understands.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Randomness, hex, organization::Email};

/// What an app and Keyward both know: 160 random bits, as RFC 4226 wants.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; 20]>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// Digits of a code.
    pub const DIGITS: usize = 6;
    /// Seconds in which a code stays the same.
    const PERIOD: i64 = 30;
    /// How many steps an app's clock may be off.
    const SKEW: i64 = 1;

    /// Draws a new one.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bytes = Zeroizing::new([0; 20]);
        randomness.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::from_hex(text).map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The text to be sealed and kept.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::to_hex(&*self.0))
    }

    /// The text that a person types into an app: base32 of RFC 4648.
    pub fn base32(&self) -> Zeroizing<String> {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = Zeroizing::new(String::with_capacity(32));
        for five in self.0.as_chunks::<5>().0 {
            let number = five.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            let digit = |place: u32| ALPHABET[(number >> (35 - 5 * place) & 31) as usize];
            text.extend((0..8).map(|place| char::from(digit(place))));
        }
        text
    }

    /// What an app reads as a QR code.
    pub fn uri(&self, account: &Email) -> Zeroizing<String> {
        let account: String = url::form_urlencoded::byte_serialize(account.as_str().as_bytes()).collect();
        Zeroizing::new(format!(
            "otpauth://totp/Keyward:{account}?secret={}&issuer=Keyward&algorithm=SHA1&digits={}&period={}",
            *self.base32(),
            Self::DIGITS,
            Self::PERIOD,
        ))
    }

    /// The step whose code `code` is, of those that an app may be at now and
    /// that come behind `last`, the last one that was used.
    pub fn matching_step(&self, code: &str, now: Timestamp, last: i64) -> Option<i64> {
        let present = now.as_second().div_euclid(Self::PERIOD);
        let steps = (present - Self::SKEW..=present + Self::SKEW).filter(|step| *step > last);
        // All are compared, so that the time says nothing about which it was.
        steps.fold(None, |found, step| {
            let is_it: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if is_it { Some(step) } else { found }
        })
    }

    /// The code that an app shows at `now`.
    pub fn code_at(&self, now: Timestamp) -> Zeroizing<String> {
        self.code(now.as_second().div_euclid(Self::PERIOD))
    }

    fn code(&self, step: i64) -> Zeroizing<String> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        mac.update(&step.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        // RFC 4226, section 5.3: the last four bits say where to read.
        let offset = usize::from(digest[19] & 15);
        let number = digest.iter().skip(offset).take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        Zeroizing::new(format!("{:06}", (number & 0x7fff_ffff) % 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::fixed::CountingRandomness;

    fn of_the_rfc() -> TotpSecret {
        TotpSecret(Zeroizing::new(*b"12345678901234567890"))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B; six digits are the last six of its eight.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(*of_the_rfc().code_at(at(second)), code);
        }
    }

    #[test]
    fn the_secret_is_written_as_apps_read_it() {
        assert_eq!(*of_the_rfc().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let email = Email::parse("email", "ada+x@example.com").unwrap();
        assert_eq!(
            *of_the_rfc().uri(&email),
            "otpauth://totp/Keyward:ada%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Keyward&algorithm=SHA1&digits=6&period=30"
        );
        let secret = TotpSecret::generate(&CountingRandomness::default());
        assert_eq!(TotpSecret::from_hex(&secret.to_hex()).unwrap().base32(), secret.base32());
        assert!(TotpSecret::from_hex("").is_none());
        assert!(!format!("{secret:?}").contains(&*secret.to_hex()));
    }

    #[test]
    fn a_code_is_good_one_step_around_its_own_and_never_twice() {
        let (secret, now) = (of_the_rfc(), 1_767_225_600);
        let (code, step) = (secret.code_at(at(now)), now / 30);
        for (off, fits) in [(-31, false), (-30, true), (0, true), (29, true), (59, true), (60, false)] {
            let found = secret.matching_step(&code, at(now + off), 0);
            assert_eq!(found, fits.then_some(step), "{off} s off");
        }
        assert_eq!(secret.matching_step(&code, at(now), step - 1), Some(step));
        assert_eq!(secret.matching_step(&code, at(now), step), None);
        let before = secret.code_at(at(now - 30));
        assert_eq!(secret.matching_step(&before, at(now), step), None, "an older step than the last one is over");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(code in "\\PC{0,20}", second in -100_000_000_000i64..100_000_000_000) {
            let _ = of_the_rfc().matching_step(&code, at(second), i64::MIN);
        }
    }
}
