//! Rate limits that several processes hold together, in their database. A limit
//! is locked for the moment in which a call is let through or ends, so nobody
//! lets through more than there is, wherever they are.
//!
//! Each process writes down how many calls it has under way, and renews that. A
//! process that died stops renewing: what it had under way died with it, and
//! soon counts no more.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyward_access::{
    Admitted, CallEnd, LimitReached, LimitStore, LimitsUnavailable, RateLimits, SharedLimit, nanoseconds,
};
use keyward_domain::{
    Timestamp,
    clock::to_millis,
    limit::{LimitState, Look},
};
use keyward_store::{Conn, limit_state as store};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::away::Away;
use crate::{Keyward, Result};

/// How often a process says that it is there.
const RENEWAL: Duration = Duration::from_secs(5);
/// For how long others believe it, in milliseconds.
const BELIEVED_MS: i64 = 30_000;
/// After which time without a word a process is forgotten, in milliseconds.
const FORGOTTEN_MS: i64 = 3_600_000;
/// Between attempts to write down how a call ended.
const PAUSE: Duration = Duration::from_secs(1);
/// How often that is tried: longer than a database is away for a restart. Calls
/// under way correct themselves with the next call; tokens are lost after that.
const ATTEMPTS: usize = 60;

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// This process's part of the shared counts.
#[derive(Debug, Default)]
pub(crate) struct SharedLimits {
    /// Chosen anew at each start.
    process: Uuid,
    /// Calls under way here, by limit. Raised only while the limit is locked.
    running: Mutex<HashMap<Uuid, i64>>,
    /// Whether it is of any use to ask, also for budgets.
    pub away: Away,
}

impl SharedLimits {
    pub fn new(process: Uuid) -> Self {
        Self { process, ..Self::default() }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, i64>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn here(&self, limit: Uuid) -> i64 {
        self.running().get(&limit).copied().unwrap_or(0)
    }

    fn add(&self, limits: &[SharedLimit], change: i64) {
        let mut running = self.running();
        for limit in limits.iter().filter(|limit| limit.limits.parallel_requests.is_some()) {
            let count = running.entry(limit.id).or_default();
            *count = count.saturating_add(change);
            if *count <= 0 {
                running.remove(&limit.id);
            }
        }
    }
}

impl Keyward {
    /// Who counts for rate limits: for whoever serves calls.
    pub fn rate_limits(&self) -> RateLimits {
        if self.pool.is_shared() { RateLimits::Shared(Arc::new(self.clone())) } else { RateLimits::Local }
    }

    /// Says again and again that this process is there, until `stop`; then that
    /// it isn't any more.
    pub async fn keep_limits(&self, stop: CancellationToken) {
        if !self.pool.is_shared() {
            return;
        }
        while stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await.is_some() {
            if let Err(error) = self.renew_limits().await {
                tracing::warn!(%error, "the shared counts of rate limits can't be renewed");
            }
        }
        if let Ok(mut connection) = self.pool.write().await {
            let _ = store::leave(&mut connection.conn(), self.limits.process).await;
        }
    }

    async fn renew_limits(&self) -> Result<()> {
        let now = to_millis(self.now());
        let mut connection = self.pool.write().await?;
        let conn = &mut connection.conn();
        Ok(store::renew(conn, self.limits.process, now + BELIEVED_MS, now - FORGOTTEN_MS).await?)
    }

    async fn admit_shared(&self, limits: &[SharedLimit], tokens: u64, now: Timestamp) -> Result<Admitted> {
        let mut transaction = self.pool.begin().await?;
        let (mut states, mut looks) = (Vec::with_capacity(limits.len()), Vec::with_capacity(limits.len()));
        let at_ns = nanoseconds(now);
        for (at, limit) in limits.iter().enumerate() {
            let state = self.read_locked(&mut transaction.conn(), limit, now).await?;
            states.push(state);
            match Look::admit(state, &limit.limits, tokens, at_ns) {
                Ok(look) => looks.push(look),
                Err(exceeded) => {
                    let refused =
                        |(limit, state): (&SharedLimit, LimitState)| Look::refused(state, &limit.limits, tokens, at_ns);
                    let looks = limits.iter().zip(states).map(refused).collect();
                    return Ok(Err(LimitReached { at, exceeded, looks }));
                }
            }
        }
        let counting = limits.iter().zip(&looks).filter(|(_, look)| look.is_counted());
        let counted: Vec<_> = counting.clone().map(|(limit, _)| *limit).collect();
        self.limits.add(&counted, 1);
        let written = async {
            for (limit, look) in counting {
                self.write_locked(&mut transaction.conn(), limit, &look.state, now).await?;
            }
            Ok(transaction.commit().await?)
        };
        if let Err(error) = written.await {
            self.limits.add(&counted, -1);
            return Err(error);
        }
        Ok(Ok(looks))
    }

    async fn end_shared(&self, limits: &[SharedLimit], tokens: u64, end: CallEnd) -> Result<()> {
        let now = self.now();
        let mut transaction = self.pool.begin().await?;
        for limit in limits {
            let state = self.read_locked(&mut transaction.conn(), limit, now).await?;
            let state = end.apply(state, &limit.limits, tokens);
            self.write_locked(&mut transaction.conn(), limit, &state, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// What a limit remembers; nobody else reads it until the transaction ends.
    async fn read_locked(&self, conn: &mut Conn<'_>, limit: &SharedLimit, now: Timestamp) -> Result<LimitState> {
        let (requests_full_at, tokens_full_at) = store::lock(conn, limit.id).await?;
        let running = match limit.limits.parallel_requests {
            None => 0,
            Some(_) => {
                let process = self.limits.process;
                let elsewhere = store::running_elsewhere(conn, limit.id, process, to_millis(now)).await?;
                elsewhere.saturating_add(self.limits.here(limit.id))
            }
        };
        Ok(LimitState { requests_full_at, tokens_full_at, running: u64::try_from(running).unwrap_or(0) })
    }

    /// Writes what a locked limit remembers, and what runs under it here.
    async fn write_locked(
        &self,
        conn: &mut Conn<'_>,
        limit: &SharedLimit,
        state: &LimitState,
        now: Timestamp,
    ) -> Result<()> {
        store::put(conn, limit.id, (state.requests_full_at, state.tokens_full_at)).await?;
        if limit.limits.parallel_requests.is_some() {
            let (process, until) = (self.limits.process, to_millis(now) + BELIEVED_MS);
            store::put_running(conn, limit.id, process, self.limits.here(limit.id), until).await?;
        }
        Ok(())
    }
}

impl LimitStore for Keyward {
    fn admit(
        &self,
        limits: Vec<SharedLimit>,
        tokens: u64,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<Admitted, LimitsUnavailable>> {
        Box::pin(async move {
            let now_ms = to_millis(now);
            if self.limits.away.is_likely(now_ms) && limits.iter().all(|limit| limit.limits.shadow) {
                return Err(LimitsUnavailable);
            }
            let admitted = self.admit_shared(&limits, tokens, now).await;
            self.limits.away.note(admitted.is_ok(), now_ms);
            admitted.map_err(|error| {
                tracing::warn!(%error, "a call can't be held to its rate limits");
                LimitsUnavailable
            })
        })
    }

    fn end(self: Arc<Self>, limits: Vec<SharedLimit>, tokens: u64, end: CallEnd) -> Answer<'static, ()> {
        // At once, whatever the database does: the next call here knows of it.
        self.limits.add(&limits, -1);
        Box::pin(async move {
            let counts = |limit: &SharedLimit| {
                limit.limits.parallel_requests.is_some()
                    || end == CallEnd::NeverSent
                    || limit.limits.tokens_per_minute.is_some() && end != CallEnd::Unknown
            };
            let limits: Vec<_> = limits.into_iter().filter(counts).collect();
            if limits.is_empty() {
                return;
            }
            for attempt in 1..=ATTEMPTS {
                match self.end_shared(&limits, tokens, end).await {
                    Ok(()) => return,
                    Err(error) if attempt == ATTEMPTS => {
                        tracing::error!(%error, "the end of a call isn't counted by its rate limits");
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        })
    }
}
