//! One limit as the index knows it, and the words in which it refuses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyward_domain::{
    limit::{Exceeded, LimitState, Limits, Measure, ProjectLimit, Standing},
    model::{ModelMatcher, ModelPatterns},
};
use uuid::Uuid;

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

    pub(crate) fn lock(&self) -> MutexGuard<'_, LimitState> {
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
