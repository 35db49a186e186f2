//! Hashing and checking passwords: argon2id with 19 MiB of memory and two
//! passes (what OWASP asks for at least), as a PHC string that names its own
//! parameters. It takes tens of milliseconds of one core, so it never runs on a
//! thread that serves requests.

mod pool;
mod strength;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use keyward_domain::password::Password;

pub(crate) use self::pool::Hasher;
use crate::{Error, Keyward, Result};

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Stands where there is no password: no password has this hash, and finding
/// that out takes as long as for any other.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$a2V5d2FyZCdzIG5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn argon2id() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::Password(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The text to keep of a new password, which came in the field `param`.
/// Refuses one that is easily guessed by somebody who knows `personal`: the
/// person's address and name.
pub(crate) async fn new_hash(keyward: &Keyward, param: &str, password: Password, personal: &[&str]) -> Result<String> {
    let mut salt = [0; 16];
    keyward.randomness.fill(&mut salt);
    let (param, personal) = (param.to_owned(), personal.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
    let work = move || {
        strength::check(&param, &password, &personal)?;
        hash(&password, &salt)
    };
    keyward.passwords.run(work).await
}

/// Whether `password` is the one that `kept` was made of. `None` takes as long,
/// and is never right.
pub(crate) async fn is_right(keyward: &Keyward, password: Password, kept: Option<String>) -> Result<bool> {
    keyward.passwords.run(move || verify(&password, kept.as_deref().unwrap_or(NOBODYS))).await
}

fn hash(password: &Password, salt: &[u8]) -> Result<String> {
    let hash: PasswordHash = argon2id()?
        .hash_password_with_salt(password.expose(), salt)
        .map_err(|error| Error::Password(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify(password: &Password, kept: &str) -> Result<bool> {
    Ok(argon2id()?.verify_password(password.expose(), kept).is_ok())
}

impl Keyward {
    /// How many passwords were hashed or checked so far: the costliest thing
    /// that somebody without a key can ask for.
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_is_right() {
        let password = |text: &str| Password::parse("password", text).unwrap();
        let kept = hash(&password("correct horse"), &[7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify(&password("correct horse"), &kept).unwrap());
        assert!(!verify(&password("correct horsf"), &kept).unwrap());
        assert!(!verify(&password("correct horse"), "no password").unwrap());
    }

    #[test]
    fn nobodys_password_costs_what_everybodys_costs() {
        let kept: PasswordHash = NOBODYS.parse().unwrap();
        let params = Params::try_from(&kept).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(kept.hash.map(|hash| hash.as_bytes().len()), Some(32));
        for text in ["", "correct horse battery"] {
            assert!(!verify(&Password::presented(text.into()), NOBODYS).unwrap());
        }
    }
}
