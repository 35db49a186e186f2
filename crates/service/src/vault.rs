//! Encryption of what is stored: the master key wraps two random keys, the
//! pepper of all digests and the data key of all secrets. Only they are
//! rewrapped when the master key changes.
//!
//! Format of a wrapped value: a version byte (1), a 12-byte nonce, and
//! AES-256-GCM-SIV's ciphertext with its tag. The associated data names what
//! the value is and where it stands, so that a row's secret opens in no other
//! row.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use keyward_domain::{Randomness, secret::Pepper};
use keyward_store::installation::Installation;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: u8 = 1;
const NONCE: usize = 12;

/// The key above all others: 32 bytes, in a file or given by the operator.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// Draws a new one.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads base64 of exactly 32 bytes.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).ok()?);
        Some(Self(bytes.as_slice().try_into().ok()?))
    }

    /// The text that `from_base64` reads.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(self.0))
    }

    fn wrapping_key(&self) -> Zeroizing<[u8; 32]> {
        derive(&self.0, b"keyward wrapping key 1")
    }
}

/// The wrapped value doesn't open: another key, another place, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was encrypted with another key, or was changed")]
pub(crate) struct DoesNotOpen;

/// The opened keys of an installation.
pub(crate) struct Vault {
    pub pepper: Pepper,
    data_key: Zeroizing<[u8; 32]>,
    signing_key: SigningKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// Draws the keys of a new installation.
    pub fn create(master: &MasterKey, randomness: &dyn Randomness) -> Installation {
        let (mut pepper, mut data_key) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        randomness.fill(&mut *pepper);
        randomness.fill(&mut *data_key);
        let wrapping = master.wrapping_key();
        Installation {
            wrapped_pepper: seal(&wrapping, "pepper", &*pepper, randomness),
            wrapped_data_key: seal(&wrapping, "data key", &*data_key, randomness),
            audit_public_key: signing_key(&data_key).verifying_key().to_bytes().to_vec(),
        }
    }

    /// Opens an installation's keys.
    pub fn open(master: &MasterKey, installation: &Installation) -> Result<Self, DoesNotOpen> {
        let wrapping = master.wrapping_key();
        let key = |what, wrapped: &[u8]| -> Result<Zeroizing<[u8; 32]>, DoesNotOpen> {
            let opened = unseal(&wrapping, what, wrapped)?;
            Ok(Zeroizing::new(opened.as_slice().try_into().map_err(|_| DoesNotOpen)?))
        };
        let pepper = key("pepper", &installation.wrapped_pepper)?;
        let data_key = key("data key", &installation.wrapped_data_key)?;
        let signing_key = signing_key(&data_key);
        Ok(Self { pepper: Pepper::new(*pepper), data_key, signing_key })
    }

    /// Encrypts a secret for the place `place`.
    pub fn seal(&self, place: &str, secret: &SecretString, randomness: &dyn Randomness) -> Vec<u8> {
        seal(&self.data_key, place, secret.expose_secret().as_bytes(), randomness)
    }

    /// Opens a secret that was sealed for the same place.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<SecretString, DoesNotOpen> {
        let opened = unseal(&self.data_key, place, sealed)?;
        Ok(std::str::from_utf8(&opened).map_err(|_| DoesNotOpen)?.into())
    }

    /// Signs the head of an audit chain.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signing_key.sign(message).to_bytes().to_vec()
    }

    /// The key that proves those signatures.
    pub fn audit_public_key(&self) -> VerifyingKey {
        self.signing_key.verifying_key()
    }
}

fn signing_key(data_key: &[u8; 32]) -> SigningKey {
    SigningKey::from_bytes(&derive(data_key, b"keyward audit signing key 1"))
}

fn derive(key: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8,160 bytes")]
    Hkdf::<Sha256>::new(None, key).expand(purpose, &mut *derived).expect("32 bytes are within HKDF's reach");
    derived
}

fn seal(key: &[u8; 32], place: &str, plain: &[u8], randomness: &dyn Randomness) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    randomness.fill(&mut nonce);
    #[expect(clippy::expect_used, reason = "AES-GCM-SIV takes up to 2^36 bytes")]
    let sealed = Aes256GcmSiv::new(&(*key).into())
        .encrypt(&nonce.into(), Payload { msg: plain, aad: place.as_bytes() })
        .expect("a secret is shorter than 64 GiB");
    [&[VERSION][..], &nonce, &sealed].concat()
}

fn unseal(key: &[u8; 32], place: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
    let rest = wrapped.strip_prefix(&[VERSION]).ok_or(DoesNotOpen)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(DoesNotOpen)?;
    Aes256GcmSiv::new(&(*key).into())
        .decrypt(&(*nonce).into(), Payload { msg: sealed, aad: place.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| DoesNotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(u8);

    impl Randomness for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_secret_opens_only_with_its_keys_and_in_its_place() {
        let master = MasterKey::generate(&Bytes(1));
        let installation = Vault::create(&master, &Bytes(2));
        let vault = Vault::open(&master, &installation).unwrap();
        let sealed = vault.seal("credential a", &"sk-secret".into(), &Bytes(3));

        assert_eq!(vault.unseal("credential a", &sealed).unwrap().expose_secret(), "sk-secret");
        assert_eq!(vault.unseal("credential b", &sealed).unwrap_err(), DoesNotOpen);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.unseal("credential a", &changed).is_err(), "byte {at}");
        }
        assert!(!String::from_utf8_lossy(&sealed).contains("secret"));
        assert!(Vault::open(&MasterKey::generate(&Bytes(9)), &installation).is_err());
    }

    #[test]
    fn a_master_key_is_32_bytes_of_base64() {
        let master = MasterKey::generate(&Bytes(7));
        assert_eq!(MasterKey::from_base64(&format!(" {}\n", *master.to_base64())).map(|key| key.0), Some(master.0));
        for wrong in ["", "AAAA", "not base64!", &"A".repeat(44)] {
            assert!(MasterKey::from_base64(wrong).is_none(), "{wrong}");
        }
    }
}
