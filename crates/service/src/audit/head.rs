//! The signed head of a chain: who has it knows how many events there are, and
//! that none before it can have been changed.

use ed25519_dalek::{Signature, VerifyingKey};
use keyward_domain::{
    audit::ChainHash,
    hex::{from_hex, to_hex},
};

use crate::change::head_message;

/// The key that proves heads: Ed25519, shown as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&from_hex::<32>(text.trim())?)
    }

    /// Reads 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        VerifyingKey::try_from(bytes).ok().map(Self)
    }

    /// Whether its owner signed just this message.
    pub(crate) fn proves(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl From<VerifyingKey> for PublicKey {
    fn from(key: VerifyingKey) -> Self {
        Self(key)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&to_hex(self.0.as_bytes()))
    }
}

/// Where a chain ends, signed by the installation that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// Whose chain it is, `org_…`.
    pub organization_id: String,
    /// Sequence number of the last event.
    pub sequence: i64,
    /// Its hash.
    pub hash: ChainHash,
    /// Ed25519 over the format `keyward.audit.head.v1`.
    pub signature: Vec<u8>,
    /// What proves it.
    pub public_key: PublicKey,
}

impl SignedHead {
    /// Whether the owner of the key signed just this.
    pub fn is_genuine(&self) -> bool {
        let message = head_message(&self.organization_id, self.sequence, &self.hash);
        self.public_key.proves(&message, &self.signature)
    }
}
