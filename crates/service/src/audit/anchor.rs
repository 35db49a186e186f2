//! The signed anchor of a chain: what stood before it was removed by retention,
//! and by nobody else. An older head can't be passed off as one: what the
//! signature covers begins otherwise.

use keyward_domain::{audit::ChainHash, id::OrganizationId};
use keyward_store::audit::ChainAnchor;

use super::PublicKey;

/// The last event that retention removed, signed by the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAnchor {
    /// Whose chain it is, `org_…`.
    pub organization_id: String,
    /// Sequence number of that event.
    pub sequence: i64,
    /// Its hash, which the next event follows.
    pub hash: ChainHash,
    /// Ed25519 over the format `keyward.audit.anchor.v1`.
    pub signature: Vec<u8>,
}

impl SignedAnchor {
    /// An anchor as the database has it.
    pub(super) fn of(organization: OrganizationId, anchor: ChainAnchor) -> Self {
        let ChainAnchor { sequence, hash, signature } = anchor;
        Self { organization_id: organization.to_string(), sequence, hash, signature }
    }

    /// Whether the owner of `key` signed just this.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        key.proves(&anchor_message(&self.organization_id, self.sequence, &self.hash), &self.signature)
    }
}

/// What the signature of an anchor covers.
pub(crate) fn anchor_message(organization: &str, sequence: i64, hash: &ChainHash) -> Vec<u8> {
    let sequence = sequence.to_string();
    [b"keyward.audit.anchor.v1\n", organization.as_bytes(), b"\n", sequence.as_bytes(), b"\n", hash].concat()
}
