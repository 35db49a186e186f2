//! The one handle that faces hold: the database, the keys, time, the key index.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use keyward_access::KeyIndex;
use keyward_domain::{Clock, Randomness, Timestamp, id::IdSource};
use keyward_store::{Pool, PooledConnection};

use crate::{
    Result, admin_key::Uses, aggregate::Aggregate, budget::SharedBudgets, decision::Keeper, follow::Follower,
    limit::SharedLimits, mail::Outbox, password::Hasher, password_reset::Requests, sign_in::Guard, spend_alert::Spent,
    usage::Drainer, vault::Vault,
};

/// A running Keyward. Cheap to clone.
#[derive(Clone)]
pub struct Keyward {
    pub(crate) pool: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) follower: Arc<Follower>,
    pub(crate) admin_key_uses: Arc<Uses>,
    /// What is to be in the audit log soon.
    pub(crate) aggregate: Arc<Aggregate>,
    /// Where passwords are hashed.
    pub(crate) passwords: Arc<Hasher>,
    /// Who must wait before they try a password again.
    pub(crate) guard: Arc<Guard>,
    /// `None` for commands that only look or change: they serve no calls.
    pub(crate) drainer: Option<Arc<Drainer>>,
    /// What this process counts for limits that others hold with it.
    pub(crate) limits: Arc<SharedLimits>,
    /// What this process holds back of budgets that others hold with it.
    pub(crate) budgets: Arc<SharedBudgets>,
    /// Who keeps why calls were let through or refused.
    pub(crate) decisions: Arc<Keeper>,
    /// Whose spend alerts are to be looked at.
    pub(crate) spent: Arc<Spent>,
    /// What links to this Keyward start with, without a slash at the end.
    pub(crate) public_url: Arc<str>,
    /// `None` where no mail is sent: links are shown instead.
    pub(crate) outbox: Option<Outbox>,
    /// Who must wait before they ask for another mail.
    pub(crate) reset_requests: Arc<Requests>,
}

impl Keyward {
    /// The key index that this Keyward keeps up to date.
    pub fn index(&self) -> &Arc<KeyIndex> {
        &self.index
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The source of all ids.
    pub fn ids(&self) -> &Arc<IdSource> {
        &self.ids
    }

    /// The key that proves the heads of the audit chains.
    pub fn audit_public_key(&self) -> VerifyingKey {
        self.vault.audit_public_key()
    }

    /// What links to this Keyward start with, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    pub(crate) async fn read(&self) -> Result<PooledConnection> {
        Ok(self.pool.read().await?)
    }

    /// Makes an id of whatever kind.
    pub(crate) fn new_id<T>(&self, generate: fn(&IdSource, &dyn Clock, &dyn Randomness) -> T) -> T {
        generate(&self.ids, &*self.clock, &*self.randomness)
    }
}
