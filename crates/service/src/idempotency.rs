//! Idempotency keys: the same creating request, sent again within 24 hours,
//! never creates twice.

use jiff::SignedDuration;
use keyward_domain::{Invalid, Timestamp, actor::Identity, clock::to_millis};
use keyward_store::idempotency::{Made, keep};
use uuid::Uuid;

use crate::{Error, Result, change::Change};

/// How long a key is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// A creating request's `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The header's value: 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request_hash: [u8; 32],
}

impl Change<'_> {
    /// Keeps that this change makes `id`; refuses it if the same request, or
    /// another one under the same key, already made something.
    pub async fn once(&mut self, idempotency: Option<&Idempotency>, id: impl ToString) -> Result<()> {
        let Some(idempotency) = idempotency else { return Ok(()) };
        let actor = match self.actor.identity {
            Identity::AdminKey { id, .. } => id.uuid(),
            Identity::User { id, .. } => id.uuid(),
            Identity::System => Uuid::nil(),
        };
        let place = (self.actor.organization, actor);
        let made = Made { request_hash: idempotency.request_hash.to_vec(), resource_id: id.to_string() };
        let horizon = self.now.checked_sub(MEMORY).unwrap_or(Timestamp::MIN);
        let (now, horizon) = (to_millis(self.now), to_millis(horizon));
        match keep(&mut self.conn(), place, &idempotency.key, &made, now, horizon).await? {
            None => Ok(()),
            Some(earlier) if earlier.request_hash == idempotency.request_hash => {
                Err(Error::Replayed { made: earlier.resource_id })
            }
            Some(_) => Err(Invalid::new(
                "Idempotency-Key",
                "This Idempotency-Key was used for a different request in the last 24 hours. Use a new one.",
            )
            .code("idempotency_key_reused")
            .into()),
        }
    }
}
