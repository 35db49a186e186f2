//! What the gateway counts of itself: each core on its own, so that no call
//! waits for another core's memory, and summed when somebody looks. Its labels
//! are Keyward's own words, never a caller's.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use http::{Response, request};
use keyward_domain::{attempt::Outcome, provider::Dialect, provider_resource::ResourceKind};
use keyward_provider::Operation;
use parking_lot::Mutex;

use crate::{
    core::Shared,
    forward::OVERHEAD,
    respond::{AnswerBody, RefusalCode},
    route::{self, Route},
};

/// What isn't an operation.
const OTHERS: [&str; 6] = ["/v1/models", "other", "control", "/v1/files", "/v1/batches", "/v1/responses/{id}"];
const ROUTES: usize = Operation::ALL.len() + OTHERS.len();
/// Of statuses: by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Upper ends of the buckets of Keyward's own share of a call, in microseconds.
pub const OVERHEAD_BUCKETS: [u64; 10] = [25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 100_000];

/// One core's.
#[derive(Default)]
pub(crate) struct Counts {
    requests: [[AtomicU64; CLASSES.len()]; ROUTES],
    provider_answers: [AtomicU64; CLASSES.len()],
    attempts: [AtomicU64; Outcome::ALL.len()],
    /// Taken by this core alone, but for somebody who looks.
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    shadow_refusals: Mutex<BTreeMap<&'static str, u64>>,
    overhead: [AtomicU64; OVERHEAD_BUCKETS.len() + 1],
    overhead_sum: AtomicU64,
    in_flight: AtomicI64,
    connections: AtomicU64,
    connections_refused: AtomicU64,
}

fn add_one(counter: Option<&AtomicU64>) {
    if let Some(counter) = counter {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where a request belongs among the routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

impl Place {
    pub(crate) fn of(head: &request::Parts) -> Self {
        let path = head.uri.path();
        let other = |number| Self(Operation::ALL.len() + number);
        if !route::is_data_plane(path) {
            return other(2);
        }
        match route::find(&head.method, path) {
            Ok(Route::Invoke(operation)) => {
                Operation::ALL.iter().position(|known| *known == operation).map_or(other(1), Self)
            }
            Ok(Route::Models | Route::Model(_)) => other(0),
            Ok(Route::Resource(resource)) => other(match resource.kind() {
                ResourceKind::File => 3,
                ResourceKind::Batch => 4,
                ResourceKind::Response => 5,
            }),
            Err(_) => other(1),
        }
    }

    fn name(self) -> String {
        match Operation::ALL.get(self.0) {
            Some(operation) if operation.dialect() == Dialect::OpenAi => format!("/v1{}", operation.path()),
            Some(operation) => operation.path().to_owned(),
            None => OTHERS.get(self.0 - Operation::ALL.len()).copied().unwrap_or_default().to_owned(),
        }
    }
}

impl Counts {
    /// A request has begun; it is in flight until what this answers is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Begun {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Begun(Arc::clone(self))
    }

    pub(crate) fn connection(&self) {
        add_one(Some(&self.connections));
    }

    /// A provider was asked.
    pub(crate) fn attempt(&self, outcome: Outcome) {
        add_one(self.attempts.get(outcome as usize));
    }

    pub(crate) fn refused_connection(&self) {
        add_one(Some(&self.connections_refused));
    }

    /// A call goes out that would have been refused so, were it not for shadow mode.
    pub(crate) fn would_refuse(&self, code: &'static str) {
        *self.shadow_refusals.lock().entry(code).or_default() += 1;
    }

    /// A request is answered.
    pub(crate) fn answered(&self, place: Place, answer: &Response<AnswerBody>) {
        let class = usize::from(answer.status().as_u16() / 100).saturating_sub(1);
        add_one(self.requests.get(place.0).and_then(|classes| classes.get(class)));
        if let Some(RefusalCode(code)) = answer.extensions().get() {
            *self.refusals.lock().entry(code).or_default() += 1;
        }
        if matches!(answer.body(), AnswerBody::Forward(_)) {
            add_one(self.provider_answers.get(class));
            let own = answer.headers().get(&OVERHEAD).and_then(|own| own.to_str().ok()?.parse::<u64>().ok());
            if let Some(own) = own {
                add_one(self.overhead.get(OVERHEAD_BUCKETS.partition_point(|end| *end < own)));
                self.overhead_sum.fetch_add(own, Ordering::Relaxed);
            }
        }
    }
}

/// A request in flight.
pub(crate) struct Begun(Arc<Counts>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks at a gateway that runs.
#[derive(Clone)]
pub struct Metrics(pub(crate) Arc<Shared>);

/// All that was counted since the start, over all cores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Answered requests by route and class of status.
    pub requests: BTreeMap<(String, &'static str), u64>,
    /// Keyward's own refusals by `error.code`, those because of a provider too.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Calls that were let through, and that limits and budgets in shadow mode would
    /// have refused, by the `error.code` they would have got.
    pub shadow_refusals: BTreeMap<&'static str, u64>,
    /// Answers of providers by class of status.
    pub provider_answers: BTreeMap<&'static str, u64>,
    /// Attempts at providers by how they ended.
    pub attempts: BTreeMap<&'static str, u64>,
    /// Credentials that a project's calls are kept from at present.
    pub open_circuits: usize,
    /// Calls by Keyward's own share of their time: in each bucket of
    /// [`OVERHEAD_BUCKETS`], and above.
    pub overhead: [u64; OVERHEAD_BUCKETS.len() + 1],
    /// All these shares together, in microseconds.
    pub overhead_sum: u64,
    /// Requests that are being answered.
    pub in_flight: i64,
    /// Connections that are open.
    pub open_connections: usize,
    /// Connections that were let in.
    pub connections: u64,
    /// Connections that weren't.
    pub connections_refused: u64,
    /// Calls that the response cache answered.
    pub cache_hits: u64,
    /// Calls that it would have answered if it had known the answer.
    pub cache_misses: u64,
    /// Bytes of the answers in it.
    pub cache_bytes: u64,
    /// Decisions that nobody could keep.
    pub decisions_dropped: u64,
}

impl Metrics {
    /// Sums up.
    pub fn snapshot(&self) -> Snapshot {
        let Shared { counts, admission, breakers, cache, parts, .. } = &*self.0;
        let (cache_hits, cache_misses) = cache.counts();
        let mut sum = Snapshot {
            open_connections: admission.open(),
            open_circuits: breakers.open(parts.clock.now()),
            cache_hits,
            cache_misses,
            cache_bytes: cache.bytes(),
            decisions_dropped: parts.decisions.as_ref().map_or(0, |log| log.dropped()),
            ..Snapshot::default()
        };
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for core in counts {
            for (number, classes) in core.requests.iter().enumerate() {
                for (counter, class) in classes.iter().zip(CLASSES).filter(|(counter, _)| read(counter) > 0) {
                    *sum.requests.entry((Place(number).name(), class)).or_default() += read(counter);
                }
            }
            for (counter, class) in core.provider_answers.iter().zip(CLASSES).filter(|(counter, _)| read(counter) > 0) {
                *sum.provider_answers.entry(class).or_default() += read(counter);
            }
            for (counter, outcome) in core.attempts.iter().zip(Outcome::ALL).filter(|(counter, _)| read(counter) > 0) {
                *sum.attempts.entry(outcome.as_str()).or_default() += read(counter);
            }
            let codes = [(&core.refusals, &mut sum.refusals), (&core.shadow_refusals, &mut sum.shadow_refusals)];
            for (counted, total) in codes {
                for (code, count) in &*counted.lock() {
                    *total.entry(code).or_default() += count;
                }
            }
            for (total, counter) in sum.overhead.iter_mut().zip(&core.overhead) {
                *total += read(counter);
            }
            sum.overhead_sum += read(&core.overhead_sum);
            sum.in_flight += core.in_flight.load(Ordering::Relaxed);
            sum.connections += read(&core.connections);
            sum.connections_refused += read(&core.connections_refused);
        }
        sum
    }
}
