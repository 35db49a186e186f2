//! Which credentials have trouble, for which project: what one project meets
//! never keeps another's calls from a credential that both share. In the memory
//! of this process; a credential that was changed starts anew.
//!
//! What works is in nobody's memory, so a healthy gateway looks at one number.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use keyward_access::CredentialEntry;
use keyward_domain::{
    Timestamp,
    attempt::Outcome,
    breaker::Breaker,
    id::{CredentialId, ProjectId},
};
use parking_lot::Mutex;

/// More than this are forgotten together: at worst calls find out anew.
const MOST: usize = 16_384;

/// All that have trouble.
#[derive(Default)]
pub(crate) struct Breakers {
    /// With the credential's version.
    troubled: Mutex<HashMap<(ProjectId, CredentialId), (i64, Breaker)>>,
    count: AtomicUsize,
}

impl Breakers {
    /// Whether nothing has trouble, so that nobody need ask further.
    pub(crate) fn all_well(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Whether a call of the project may be sent with that credential now.
    pub(crate) fn admits(&self, project: ProjectId, credential: &CredentialEntry, now: Timestamp) -> bool {
        self.all_well() || self.with(project, credential, |breaker| breaker.admits(now))
    }

    /// Until when calls of the project are better sent elsewhere.
    pub(crate) fn open_until(
        &self,
        project: ProjectId,
        credential: &CredentialEntry,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if self.all_well() { None } else { self.with(project, credential, |breaker| breaker.open_until(now)) }
    }

    /// An attempt has ended.
    pub(crate) fn ended(
        &self,
        project: ProjectId,
        credential: &CredentialEntry,
        (outcome, retry_after): (Outcome, Option<Duration>),
        now: Timestamp,
    ) {
        let is_fine = matches!(outcome, Outcome::Answered | Outcome::Unsendable);
        if is_fine && self.all_well() {
            return;
        }
        let (before, after) = self.with(project, credential, |breaker| {
            let before = breaker.open_until(now);
            match (outcome, retry_after) {
                (_, wait) if outcome.is_failure() => breaker.failed(now, wait),
                (Outcome::RateLimited, Some(wait)) => {
                    breaker.succeeded(now);
                    breaker.busy(now, wait);
                }
                (Outcome::Unsendable, _) => {}
                _ => breaker.succeeded(now),
            }
            (before, breaker.open_until(now))
        });
        if let Some(until) = after.filter(|_| before.is_none()) {
            tracing::warn!(%project, credential = %credential.id, outcome = outcome.as_str(), %until, "calls go to other credentials for now");
        }
    }

    /// How many are open.
    pub(crate) fn open(&self, now: Timestamp) -> usize {
        self.troubled.lock().values().filter(|(_, breaker)| breaker.open_until(now).is_some()).count()
    }

    fn with<T>(&self, project: ProjectId, credential: &CredentialEntry, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut troubled = self.troubled.lock();
        let key = (project, credential.id);
        let known = troubled.get(&key).filter(|(version, _)| *version == credential.version);
        let mut breaker = known.map_or_else(Breaker::default, |(_, breaker)| *breaker);
        let answer = act(&mut breaker);
        if breaker.is_clear() {
            troubled.remove(&key);
        } else {
            if troubled.len() >= MOST && !troubled.contains_key(&key) {
                troubled.clear();
            }
            troubled.insert(key, (credential.version, breaker));
        }
        self.count.store(troubled.len(), Ordering::Relaxed);
        answer
    }
}

#[cfg(test)]
mod tests {
    use keyward_domain::{breaker::FAILURES, credential::Aliases, provider::Provider, weight::Weight};
    use uuid::Uuid;

    use super::*;

    fn credential(version: i64) -> CredentialEntry {
        CredentialEntry {
            id: CredentialId::from_uuid(Uuid::from_u128(7)),
            version,
            provider: Provider::OpenAi,
            base_url: None,
            secret: None,
            aliases: Aliases::default(),
            priority: 0,
            weight: Weight::default(),
            inherited: true,
        }
    }

    #[test]
    fn trouble_is_one_projects_and_one_versions() {
        let breakers = Breakers::default();
        let [mine, theirs] = [1, 2].map(|number| ProjectId::from_uuid(Uuid::from_u128(number)));
        let (shared, now) = (credential(1), Timestamp::UNIX_EPOCH);
        for _ in 0..FAILURES {
            assert!(breakers.admits(mine, &shared, now));
            breakers.ended(mine, &shared, (Outcome::CredentialRejected, None), now);
        }
        assert!(!breakers.admits(mine, &shared, now));
        assert!(breakers.admits(theirs, &shared, now));
        assert_eq!(breakers.open(now), 1);
        assert!(breakers.admits(mine, &credential(2), now), "its secret was replaced");
        assert!(breakers.all_well());
    }

    #[test]
    fn what_works_is_not_remembered() {
        let breakers = Breakers::default();
        let (project, known, now) = (ProjectId::from_uuid(Uuid::nil()), credential(1), Timestamp::UNIX_EPOCH);
        breakers.ended(project, &known, (Outcome::Answered, None), now);
        breakers.ended(project, &known, (Outcome::RateLimited, None), now);
        assert!(breakers.all_well());
        breakers.ended(project, &known, (Outcome::BrokenOff, None), now);
        assert!(!breakers.all_well());
        breakers.ended(project, &known, (Outcome::Answered, None), now);
        assert!(breakers.all_well());
    }
}
