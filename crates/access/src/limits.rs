//! Rate limits: which of them a call has to be within, and the calls that are
//! counted under each. A call is let through by all of its limits or counted by
//! none. One in shadow mode lets every call through, and tells what it would have
//! refused.
//!
//! One process alone counts in memory. Several processes on one database count
//! in the database.

use std::{future::Future, pin::Pin, sync::Arc};

use keyward_domain::{
    Timestamp,
    limit::{Exceeded, LimitState, Limits, Look, Measure, Standing},
};
use uuid::Uuid;

use crate::{LimitEntry, LimitScope, RateLimited, Refusal};

/// The shared counts can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shared counts of rate limits can't be reached")]
pub struct LimitsUnavailable;

/// What one call asks of one shared limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedLimit {
    /// Under which its state is kept.
    pub id: Uuid,
    /// The numbers.
    pub limits: Limits,
}

/// How a call that was let through has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// It used so many tokens.
    Used(u64),
    /// Nobody knows how many tokens it used: the estimate stands.
    Unknown,
    /// It was never sent.
    NeverSent,
}

impl CallEnd {
    /// What `state` is after the call.
    #[must_use]
    pub fn apply(self, state: LimitState, limits: &Limits, taken: u64) -> LimitState {
        match self {
            Self::Used(used) => state.ended(limits, taken, used),
            Self::Unknown => LimitState { running: state.running.saturating_sub(1), ..state },
            Self::NeverSent => state.taken_back(limits, taken),
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What every limit of a call makes of it once it is let through, or which of them
/// refuses it.
pub type Admitted = Result<Vec<Look>, LimitReached>;

/// A limit that doesn't let a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReached {
    /// Its place among the call's limits.
    pub at: usize,
    /// Why.
    pub exceeded: Exceeded,
    /// How those stand that were looked at, in their order.
    pub looks: Vec<Look>,
}

/// A limit as a call met it.
#[derive(Debug, Clone)]
pub struct LimitSeen {
    /// The limit.
    pub entry: Arc<LimitEntry>,
    /// What it remembers: of the call too, where it was let through.
    pub state: LimitState,
    /// When, in nanoseconds since 1970.
    pub at: i64,
    /// By which of its numbers it would have refused the call, were it not in shadow
    /// mode.
    pub would_refuse: Option<Measure>,
}

impl LimitSeen {
    /// A limit would refuse any batch, whose calls nobody counts one by one: by the
    /// first of its numbers.
    pub fn would_refuse_a_batch(&mut self) {
        let is_there = |measure: &Measure| self.state.remaining(&self.entry.limits, *measure, self.at).is_some();
        self.would_refuse = Measure::ALL.into_iter().find(is_there);
    }
}

/// Where several processes count together.
pub trait LimitStore: Send + Sync {
    /// Lets a call of about `tokens` through all of `limits`, or counts it nowhere.
    /// Where all of them are in shadow mode it gives up soon: nothing waits for it.
    fn admit(
        &self,
        limits: Vec<SharedLimit>,
        tokens: u64,
        now: Timestamp,
    ) -> Answer<'_, Result<Admitted, LimitsUnavailable>>;

    /// Notes the end of a call that was let through with `tokens`. Sees to it
    /// by itself when the counts can't be reached at once.
    fn end(self: Arc<Self>, limits: Vec<SharedLimit>, tokens: u64, end: CallEnd) -> Answer<'static, ()>;
}

/// Who counts the calls of limited keys, projects and models.
#[derive(Clone)]
pub enum RateLimits {
    /// This process alone.
    Local,
    /// All processes on one database.
    Shared(Arc<dyn LimitStore>),
}

/// A call that all of its limits let through: to be [ended](RateLimits::end).
#[derive(Debug)]
pub struct Admission {
    /// Those that count the call.
    limits: Vec<Arc<LimitEntry>>,
    /// Those in shadow mode that don't: nothing of it is left to be ended there.
    uncounted: Vec<Arc<LimitEntry>>,
    tokens: u64,
    /// How the limits stand with this call.
    pub standing: Standing,
    /// Whether one in shadow mode would have refused it.
    pub would_refuse: bool,
}

impl Admission {
    /// Whether that limit was asked about the call.
    pub fn holds(&self, limit: &LimitEntry) -> bool {
        self.limits.iter().chain(&self.uncounted).any(|held| held.id == limit.id)
    }
}

impl RateLimits {
    /// Whether counting is done at once, without waiting for anything.
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// Check 9: lets a call of about `tokens` through all of `limits`. Tells in
    /// `seen` how those stand that were looked at.
    pub async fn admit(
        &self,
        limits: Vec<Arc<LimitEntry>>,
        tokens: u64,
        now: Timestamp,
        seen: &mut Vec<LimitSeen>,
    ) -> Result<Admission, Refusal> {
        let mut admission =
            Admission { limits, uncounted: Vec::new(), tokens, standing: Standing::default(), would_refuse: false };
        if admission.limits.is_empty() {
            return Ok(admission);
        }
        let at = nanoseconds(now);
        let admitted = match self {
            Self::Local => admit_here(&admission.limits, tokens, at),
            Self::Shared(store) => match store.admit(shared(&admission.limits), tokens, now).await {
                Ok(admitted) => admitted,
                Err(LimitsUnavailable) if admission.limits.iter().all(|entry| entry.limits.shadow) => {
                    admission.uncounted = std::mem::take(&mut admission.limits);
                    return Ok(admission);
                }
                Err(LimitsUnavailable) => return Err(Refusal::LimitsUnavailable),
            },
        };
        let looks = admitted.as_ref().unwrap_or_else(|reached| &reached.looks);
        for (entry, Look { state, would_refuse }) in admission.limits.iter().zip(looks) {
            admission.standing.note(&entry.limits, state, at);
            seen.push(LimitSeen { entry: Arc::clone(entry), state: *state, at, would_refuse: *would_refuse });
        }
        match admitted {
            Ok(looks) => {
                if !looks.iter().all(Look::is_counted) {
                    let mut looks = looks.iter();
                    let is_counted = |_: &Arc<LimitEntry>| looks.next().is_none_or(Look::is_counted);
                    (admission.limits, admission.uncounted) = admission.limits.into_iter().partition(is_counted);
                    admission.would_refuse = true;
                }
                Ok(admission)
            }
            Err(LimitReached { at, exceeded, .. }) => {
                let scope = admission.limits.get(at).map_or(LimitScope::Project, |entry| entry.scope.clone());
                Err(Refusal::RateLimited(Box::new(RateLimited { scope, exceeded, standing: admission.standing })))
            }
        }
    }

    /// Notes the end of a call. What it answers must be run to its end, even
    /// though nobody waits for it; `None`: it is done.
    pub fn end(&self, admission: &Admission, end: CallEnd) -> Option<Answer<'static, ()>> {
        let Admission { limits, tokens, .. } = admission;
        match self {
            _ if limits.is_empty() => None,
            Self::Local => {
                for entry in limits {
                    let mut state = entry.lock();
                    *state = end.apply(*state, &entry.limits, *tokens);
                }
                None
            }
            Self::Shared(store) => Some(Arc::clone(store).end(shared(limits), *tokens, end)),
        }
    }
}

fn shared(limits: &[Arc<LimitEntry>]) -> Vec<SharedLimit> {
    limits.iter().map(|entry| SharedLimit { id: entry.id, limits: entry.limits }).collect()
}

/// A moment as limits keep it.
pub fn nanoseconds(now: Timestamp) -> i64 {
    i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX)
}

/// All or none, under all locks at once: taken in the order of ids, so that two
/// calls never wait for each other.
fn admit_here(limits: &[Arc<LimitEntry>], tokens: u64, now: i64) -> Admitted {
    let mut locked: Vec<_> = limits.iter().map(|entry| (entry, entry.lock())).collect();
    let mut looks = Vec::with_capacity(locked.len());
    for (at, (entry, state)) in locked.iter().enumerate() {
        match Look::admit(**state, &entry.limits, tokens, now) {
            Ok(look) => looks.push(look),
            Err(exceeded) => {
                let looks = locked.iter().map(|(entry, state)| Look::refused(**state, &entry.limits, tokens, now));
                return Err(LimitReached { at, exceeded, looks: looks.collect() });
            }
        }
    }
    for ((_, state), look) in locked.iter_mut().zip(&looks) {
        **state = look.state;
    }
    Ok(looks)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
