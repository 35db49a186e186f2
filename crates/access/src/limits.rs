//! Rate limits: which of them a call has to be within, and the calls that are
//! counted under each. A call is let through by all of its limits or counted by
//! none.
//!
//! One process alone counts in memory. Several processes on one database count
//! in the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keyward_domain::{
    Timestamp,
    limit::{Exceeded, LimitState, Limits, Measure, ProjectLimit, Standing},
    model::{ModelMatcher, ModelPatterns},
};
use uuid::Uuid;

use crate::Refusal;

/// What a limit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitScope {
    /// The calls of one key.
    Key,
    /// The calls of a project.
    Project,
    /// The calls of a project to the models of this name or glob.
    Model(Box<str>),
}

/// One limit, compiled. Replaced when it changes; what it counted is carried over.
#[derive(Debug)]
pub struct LimitEntry {
    /// The limit, or the key whose limit it is.
    pub id: Uuid,
    /// What it holds.
    pub scope: LimitScope,
    /// The numbers.
    pub limits: Limits,
    matcher: Option<ModelMatcher>,
    state: Arc<Mutex<LimitState>>,
}

impl LimitEntry {
    /// A key's limits; `before` is what it had.
    pub(crate) fn of_key(id: Uuid, limits: Limits, before: Option<&Self>) -> Option<Arc<Self>> {
        let state = before.map(|entry| Arc::clone(&entry.state)).unwrap_or_default();
        (!limits.is_empty()).then(|| Arc::new(Self { id, scope: LimitScope::Key, limits, matcher: None, state }))
    }

    /// A project's limit; `before` are those that the project had.
    pub(crate) fn of_project(limit: &ProjectLimit, before: &[Arc<Self>]) -> Arc<Self> {
        let id = limit.id.uuid();
        let known = before.iter().find(|entry| entry.id == id);
        let patterns = limit.model.clone().and_then(|model| ModelPatterns::parse("model", vec![model]).ok());
        Arc::new(Self {
            id,
            scope: limit.model.as_deref().map_or(LimitScope::Project, |model| LimitScope::Model(model.into())),
            limits: limit.limits,
            // Like a list that refuses: other letters are no way around it.
            matcher: patterns.map(|patterns| patterns.compile_any_case()),
            state: known.map(|entry| Arc::clone(&entry.state)).unwrap_or_default(),
        })
    }

    /// Whether it holds calls to the model that goes by all of `names`.
    pub(crate) fn holds(&self, names: &[&str]) -> bool {
        match (&self.scope, &self.matcher) {
            (LimitScope::Model(_), Some(matcher)) => names.contains(&"") || matcher.matches_any(names),
            (LimitScope::Model(_), None) => false,
            (LimitScope::Key | LimitScope::Project, _) => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, LimitState> {
        // What is in it is written as a whole, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that isn't within one of its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct RateLimited {
    /// What the limit holds.
    pub scope: LimitScope,
    /// Which number, and how long it takes.
    pub exceeded: Exceeded,
    /// How all limits of the call stand.
    pub standing: Standing,
}

impl RateLimited {
    fn message(&self) -> String {
        let Exceeded { measure, limit, wait } = self.exceeded;
        let whose = match &self.scope {
            LimitScope::Key => "this API key".to_owned(),
            LimitScope::Project => "the project of this API key".to_owned(),
            LimitScope::Model(model) => format!("the model {model} in this project"),
        };
        let seconds = wait.map_or(0.0, |wait| (wait.as_secs_f64() * 10.0).ceil() / 10.0);
        match measure {
            Measure::Requests => {
                format!("Rate limit reached for {whose}: {limit} requests a minute. Try again in {seconds} s.")
            }
            Measure::Tokens => {
                format!("Rate limit reached for {whose}: {limit} tokens a minute. Try again in {seconds} s.")
            }
            Measure::Parallel => {
                format!(
                    "Too many calls at one time for {whose}: {limit} may be under way. Try again when one has ended."
                )
            }
        }
    }
}

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

/// What every limit of a call remembers once it is let through, or which of them
/// refuses it.
pub type Admitted = Result<Vec<LimitState>, LimitReached>;

/// A limit that doesn't let a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReached {
    /// Its place among the call's limits.
    pub at: usize,
    /// Why.
    pub exceeded: Exceeded,
    /// What the limits remember that were looked at, in their order.
    pub states: Vec<LimitState>,
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
}

/// Where several processes count together.
pub trait LimitStore: Send + Sync {
    /// Lets a call of about `tokens` through all of `limits`, or counts it nowhere.
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
    limits: Vec<Arc<LimitEntry>>,
    tokens: u64,
    /// How the limits stand with this call.
    pub standing: Standing,
}

impl Admission {
    /// Whether the call counts under that limit.
    pub fn holds(&self, limit: &LimitEntry) -> bool {
        self.limits.iter().any(|held| held.id == limit.id)
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
        let mut standing = Standing::default();
        if limits.is_empty() {
            return Ok(Admission { limits, tokens, standing });
        }
        let at = nanoseconds(now);
        let admitted = match self {
            Self::Local => admit_here(&limits, tokens, at),
            Self::Shared(store) => {
                let admitted = store.admit(shared(&limits), tokens, now).await;
                admitted.map_err(|LimitsUnavailable| Refusal::LimitsUnavailable)?
            }
        };
        let states = admitted.as_ref().unwrap_or_else(|reached| &reached.states);
        for (entry, state) in limits.iter().zip(states) {
            standing.note(&entry.limits, state, at);
            seen.push(LimitSeen { entry: Arc::clone(entry), state: *state, at });
        }
        match admitted {
            Ok(_) => Ok(Admission { limits, tokens, standing }),
            Err(LimitReached { at, exceeded, .. }) => {
                let scope = limits.get(at).map_or(LimitScope::Project, |entry| entry.scope.clone());
                Err(Refusal::RateLimited(Box::new(RateLimited { scope, exceeded, standing })))
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
    let mut next = Vec::with_capacity(locked.len());
    for (at, (entry, state)) in locked.iter().enumerate() {
        match state.admit(&entry.limits, tokens, now) {
            Ok(state) => next.push(state),
            Err(exceeded) => {
                let states = locked.iter().map(|(_, state)| **state).collect();
                return Err(LimitReached { at, exceeded, states });
            }
        }
    }
    for ((_, state), next) in locked.iter_mut().zip(&next) {
        **state = *next;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use keyward_domain::id::{LimitId, OrganizationId, ProjectId};

    use super::*;

    fn limit(number: u128, model: Option<&str>, limits: Limits) -> Arc<LimitEntry> {
        let at = Timestamp::UNIX_EPOCH;
        let limit = ProjectLimit {
            id: LimitId::from_uuid(Uuid::from_u128(number)),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            project: ProjectId::from_uuid(Uuid::nil()),
            model: model.map(str::to_owned),
            limits,
            created_at: at,
            updated_at: at,
            version: 1,
        };
        LimitEntry::of_project(&limit, &[])
    }

    const NOW: i64 = 1_800_000_000_000_000_000;

    #[test]
    fn a_call_is_counted_by_all_of_its_limits_or_by_none() {
        let wide = limit(1, None, Limits { requests_per_minute: Some(100), ..Limits::default() });
        let narrow = limit(2, Some("gpt*"), Limits { requests_per_minute: Some(1), ..Limits::default() });
        let both = [wide.clone(), narrow.clone()];
        let left = |entry: &LimitEntry, state: &LimitState| {
            state.remaining(&entry.limits, Measure::Requests, NOW).map(|(_, remaining)| remaining)
        };
        assert!(admit_here(&both, 0, NOW).is_ok());
        let refused = admit_here(&both, 0, NOW).unwrap_err();
        assert_eq!(refused.at, 1);
        assert_eq!((left(&wide, &refused.states[0]), left(&narrow, &refused.states[1])), (Some(99), Some(0)));
        assert_eq!(wide.lock().running, 1);
        let states = admit_here(std::slice::from_ref(&wide), 0, NOW).unwrap();
        assert_eq!(left(&wide, &states[0]), Some(98));
    }

    #[test]
    fn a_limit_of_a_model_knows_it_by_any_name_and_in_any_letters() {
        let limit = limit(1, Some("gpt-4o*"), Limits::default());
        assert!(limit.holds(&["fast", "GPT-4o-mini"]));
        assert!(!limit.holds(&["o4-mini", "openai/o4-mini"]));
    }

    #[test]
    fn parallel_calls_are_exact_under_contention() {
        let entry = limit(1, None, Limits { parallel_requests: Some(7), ..Limits::default() });
        let limits = [entry.clone()];
        let most = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        if admit_here(&limits, 0, NOW).is_ok() {
                            let running = entry.lock().running;
                            most.fetch_max(running, std::sync::atomic::Ordering::Relaxed);
                            let mut state = entry.lock();
                            *state = CallEnd::Unknown.apply(*state, &entry.limits, 0);
                        }
                    }
                });
            }
        });
        assert!(most.into_inner() <= 7);
        assert_eq!(entry.lock().running, 0);
    }
}
