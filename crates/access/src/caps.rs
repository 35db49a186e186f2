//! Request caps: a key's lifetime count of calls, exact at any concurrency.
//!
//! One process alone counts in memory (the usage journal makes the count
//! outlive it). Several processes on one database count in the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use keyward_domain::id::ApiKeyId;

use crate::{KeyEntry, Refusal};

/// The shared count can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shared request count can't be reached")]
pub struct CapUnavailable;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CapUnavailable>> + Send + 'a>>;

/// Where several processes count together.
pub trait CapStore: Send + Sync {
    /// Counts one call of `key` unless `max` calls are counted already.
    fn reserve(&self, key: ApiKeyId, max: u64) -> Answer<'_, bool>;

    /// Takes back a counted call that was never sent.
    fn give_back(&self, key: ApiKeyId) -> Answer<'_, ()>;
}

/// Who counts the calls of capped keys.
#[derive(Clone)]
pub enum RequestCaps {
    /// This process alone.
    Local,
    /// All processes on one database.
    Shared(Arc<dyn CapStore>),
}

impl RequestCaps {
    /// Whether a counted call must be in the journal before it is sent: the
    /// local count is rebuilt from there.
    pub const fn counts_in_journal(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// Counts one call, or refuses it at the cap. A single process also counts
    /// the calls of keys without a cap, so that a cap set later knows of them.
    pub async fn reserve(&self, key: &KeyEntry) -> Result<(), Refusal> {
        let reserved = match (self, key.max_requests) {
            (Self::Local, max) => key.counter.reserve(max.unwrap_or(u64::MAX)),
            (Self::Shared(_), None) => true,
            (Self::Shared(store), Some(max)) => {
                store.reserve(key.id, max).await.map_err(|CapUnavailable| Refusal::CapUnavailable)?
            }
        };
        if reserved { Ok(()) } else { Err(Refusal::RequestCapReached(key.max_requests.unwrap_or(u64::MAX))) }
    }

    /// Takes back a counted call that was never sent.
    pub async fn give_back(&self, key: &KeyEntry) -> Result<(), CapUnavailable> {
        match (self, key.max_requests) {
            (Self::Local, _) => {
                key.counter.give_back();
                Ok(())
            }
            (Self::Shared(_), None) => Ok(()),
            (Self::Shared(store), Some(_)) => store.give_back(key.id).await,
        }
    }
}

/// Calls that a key has made, counted in this process.
#[derive(Debug, Default)]
pub struct RequestCounter(AtomicU64);

impl RequestCounter {
    /// Goes on from a stored count.
    pub(crate) const fn starting_at(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    fn reserve(&self, max: u64) -> bool {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count < max).then_some(count + 1)).is_ok()
    }

    fn give_back(&self) {
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| count.checked_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_exact_under_contention() {
        let counter = Arc::new(RequestCounter::starting_at(3));
        let reserved: usize = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..1000).filter(|_| counter.reserve(503)).count())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(reserved, 500);
        counter.give_back();
        assert!(counter.reserve(503));
        assert!(!counter.reserve(503));
    }
}
