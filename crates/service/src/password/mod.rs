//! Hashing and checking passwords: argon2id with 19 MiB of memory and two
//! passes (what OWASP asks for at least), as a PHC string that names its own
//! parameters. It takes tens of milliseconds of one core, so it never runs on a
//! thread that serves requests.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use keyward_domain::{Randomness, password::Password};

use crate::{Error, Result};

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

fn argon2id() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::Password(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The text to keep of a new password.
pub(crate) async fn hash(password: Password, randomness: &dyn Randomness) -> Result<String> {
    let mut salt = [0; 16];
    randomness.fill(&mut salt);
    aside(move || {
        let hash: PasswordHash = argon2id()?
            .hash_password_with_salt(password.expose(), &salt)
            .map_err(|error| Error::Password(error.to_string()))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` is the one that `kept` was made of.
pub(crate) async fn is_right(password: Password, kept: String) -> Result<bool> {
    aside(move || Ok(argon2id()?.verify_password(password.expose(), kept.as_str()).is_ok())).await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Password(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let password = |text: &str| Password::parse("password", text).unwrap();
        let kept = hash(password("correct horse"), &Sevens).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right(password("correct horse"), kept.clone()).await.unwrap());
        assert!(!is_right(password("correct horsf"), kept).await.unwrap());
        assert!(!is_right(password("correct horse"), "no password".into()).await.unwrap());
    }
}
