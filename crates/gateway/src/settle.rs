//! The books: what a call adds to the usage journal, exactly once, whatever
//! ends it. A guard is opened just before a call goes out and closed when its
//! use is known; dropping it (the caller hung up, the stream was cut, the
//! process drains) closes it too, or gives the call back if nothing of it was
//! sent.
//!
//! Nothing that was sent is forgotten: a closing record that the journal can't
//! take is kept until it can, and no new call is let out meanwhile, so what is
//! kept is at most one record for each call in flight.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    net::IpAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use keyward_access::{
    Admission, Authenticated, CallEnd, KeyEntry, KeyIndex, LimitEntry, RateLimits, Refusal, RequestCaps,
};
use keyward_domain::{
    Clock, clock::to_millis, id::OrganizationId, limit::Standing, price::Metered, provider::Provider, usage::CallKind,
};
use keyward_provider::Usage;
use keyward_telemetry::{
    journal::{Journal, JournalError, ModelName, UsageRecord},
    list_prices::ListPrices,
};
use tokio_util::task::TaskTracker;

use crate::{GatewayParts, error::CallError, further::Further, item::Item};

/// The limits of a call, and about how many tokens it will use.
pub(crate) type Demand = (Vec<Arc<LimitEntry>>, u64);

/// One core's way to the journal, the counters of request caps and those of
/// rate limits.
pub(crate) struct Ledger {
    journal: Arc<Journal>,
    caps: RequestCaps,
    pub(crate) limits: RateLimits,
    prices: Arc<ListPrices>,
    /// Has the organizations' own prices.
    index: Arc<KeyIndex>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For what must be done although nobody waits for it any more.
    pub(crate) tasks: TaskTracker,
    /// Closing records that the journal couldn't take yet.
    kept: RefCell<VecDeque<UsageRecord>>,
    /// The last append failed.
    in_doubt: Cell<bool>,
}

impl Ledger {
    pub(crate) fn new(parts: &GatewayParts, tasks: TaskTracker) -> Self {
        Self {
            journal: Arc::clone(&parts.journal),
            caps: parts.caps.clone(),
            limits: parts.limits.clone(),
            prices: Arc::clone(&parts.prices),
            index: Arc::clone(&parts.index),
            clock: Arc::clone(&parts.clock),
            tasks,
            kept: RefCell::default(),
            in_doubt: Cell::new(false),
        }
    }

    /// Checks 8 and 9 for a call that can't go out anyway: says whether the cap
    /// or a limit is reached, and counts nothing.
    pub(crate) async fn check(self: &Rc<Self>, key: &Arc<KeyEntry>, demand: Demand) -> Result<(), CallError> {
        self.reserve(key, demand).await?.give_back().await;
        Ok(())
    }

    /// Counts one call, or refuses it at the cap or at a rate limit.
    async fn reserve(self: &Rc<Self>, key: &Arc<KeyEntry>, demand: Demand) -> Result<Reservation, Refusal> {
        let is_local = self.caps.counts_in_journal() || key.max_requests.is_none() && demand.0.is_empty();
        let (ledger, key) = (Rc::clone(self), Arc::clone(key));
        let counting = async move {
            ledger.caps.reserve(&key).await?;
            let mut reservation = Reservation { ledger, key, admission: None, further: Vec::new(), open: true };
            let (limits, tokens) = demand;
            let ledger = &reservation.ledger;
            match ledger.limits.admit(limits, tokens, ledger.clock.now()).await {
                Ok(admission) => reservation.admission = Some(admission),
                Err(refusal) => {
                    reservation.give_back().await;
                    return Err(refusal);
                }
            }
            Ok(reservation)
        };
        if is_local {
            return counting.await;
        }
        // The database may have counted although the caller hangs up before it
        // says so: on a task of its own the count is always heard of.
        self.tasks.spawn_local(counting).await.unwrap_or(Err(Refusal::CapUnavailable))
    }

    /// Checks 8 and 9: counts a call that goes out now. The journal has it before
    /// the provider does, where a cap depends on it.
    pub(crate) async fn open(
        self: &Rc<Self>,
        caller: &Authenticated,
        item: Item<'_>,
        ip: IpAddr,
        demand: Demand,
    ) -> Result<Settlement, CallError> {
        let (key, credential) = (&caller.key, item.credential);
        let reservation = self.reserve(key, demand).await?;
        let counted = key.max_requests.is_some();
        let journaled = counted && self.caps.counts_in_journal();
        let record = UsageRecord {
            at_ms: 0,
            api_key: key.id.uuid(),
            project: key.project.id.uuid(),
            credential: Some(credential.id.uuid()),
            requests: if counted { 0 } else { 1 },
            ip: Some(ip),
            previous_secret: caller.previous_secret,
            sent: true,
            kind: item.kind,
            model: item.model(),
            ..UsageRecord::default()
        };
        // A record that adds nothing asks whether the journal works again.
        let admission = UsageRecord { requests: i32::from(journaled), sent: false, ..record };
        if self.catch_up().is_err() || ((journaled || self.in_doubt.get()) && self.append(&admission).is_err()) {
            reservation.give_back().await;
            return Err(CallError::journal_unavailable());
        }
        let begun = AtomicBool::new(false);
        let (organization, provider) = (key.project.organization, credential.provider);
        Ok(Settlement { reservation: Some(reservation), record, organization, provider, journaled, begun })
    }

    /// Appends what couldn't be appended before.
    pub(crate) fn catch_up(&self) -> Result<(), JournalError> {
        let oldest = || self.kept.borrow().front().copied();
        while let Some(record) = oldest() {
            self.write(&record)?;
            self.kept.borrow_mut().pop_front();
        }
        Ok(())
    }

    /// How many records the journal couldn't take yet.
    pub(crate) fn kept(&self) -> usize {
        self.kept.borrow().len()
    }

    pub(crate) fn append(&self, record: &UsageRecord) -> Result<(), JournalError> {
        self.write(&UsageRecord { at_ms: to_millis(self.clock.now()), ..*record })
    }

    fn write(&self, record: &UsageRecord) -> Result<(), JournalError> {
        let written = self.journal.append(record);
        if let Err(error) = &written
            && !self.in_doubt.get()
        {
            tracing::error!(%error, "the usage journal can't be written: no new calls until it can");
        }
        self.in_doubt.set(written.is_err());
        written
    }

    /// Must not be lost: kept when the journal can't take it.
    fn append_surely(&self, record: &UsageRecord) {
        let record = UsageRecord { at_ms: to_millis(self.clock.now()), ..*record };
        if self.catch_up().is_err() || self.write(&record).is_err() {
            self.kept.borrow_mut().push_back(record);
        }
    }

    /// Counts the end of a call by its rate limits.
    pub(crate) fn end(&self, admission: &Admission, end: CallEnd) {
        if let Some(counting) = self.limits.end(admission, end) {
            self.tasks.spawn_local(counting);
        }
    }

    /// What a call cost, in nanodollars, if anybody knows: by the organization's
    /// own prices, else by the provider's.
    fn cost(&self, asked: (OrganizationId, Provider), record: &UsageRecord, usage: &Usage) -> Option<i64> {
        let (organization, provider) = asked;
        let (_, model) = record.model.parts()?;
        let used = Metered {
            input: usage.input_tokens,
            cached: usage.cached_input_tokens,
            cache_write: usage.cache_write_tokens,
            cache_write_hour: usage.cache_write_hour_tokens,
            input_audio: usage.input_audio_tokens,
            output: usage.output_tokens,
            reasoning: usage.reasoning_tokens,
            output_audio: usage.output_audio_tokens,
        };
        let now = self.clock.now();
        if let Some(book) = self.index.prices(organization)
            && let Some(rates) = book.find(provider, model, now)
        {
            return Some(rates.cost(&used));
        }
        Some(self.prices.find(provider, model, usage.tier, to_millis(now))?.cost(&used))
    }

    async fn give_back(&self, key: &KeyEntry) {
        if self.caps.give_back(key).await.is_err() {
            tracing::error!(key = %key.id, "a call that wasn't sent stays counted: the shared count can't be reached");
        }
    }
}

/// One counted call; given back unless it is kept.
struct Reservation {
    ledger: Rc<Ledger>,
    key: Arc<KeyEntry>,
    /// What its rate limits counted, until they are told of its end.
    admission: Option<Admission>,
    /// Limits that were met on the way.
    further: Vec<Further>,
    open: bool,
}

impl Reservation {
    /// The call stays counted, and has ended.
    fn keep(mut self, end: CallEnd) -> Rc<Ledger> {
        self.open = false;
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, end);
        }
        for further in self.further.drain(..) {
            further.end(end);
        }
        Rc::clone(&self.ledger)
    }

    /// When this answers, another call may have its place. Dropping the future
    /// stops nothing.
    async fn give_back(mut self) {
        self.open = false;
        let _ = self.begin_to_give_back().await;
    }

    fn begin_to_give_back(&mut self) -> tokio::task::JoinHandle<()> {
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, CallEnd::NeverSent);
        }
        self.further.clear();
        let (ledger, key) = (Rc::clone(&self.ledger), Arc::clone(&self.key));
        self.ledger.tasks.spawn_local(async move { ledger.give_back(&key).await })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.open {
            drop(self.begin_to_give_back());
        }
    }
}

/// A call that was counted and whose use isn't in the journal yet.
pub(crate) struct Settlement {
    /// `None` once the call is settled.
    reservation: Option<Reservation>,
    /// The closing record, its use still missing.
    record: UsageRecord,
    /// Whose the key is.
    organization: OrganizationId,
    /// Who is asked.
    provider: Provider,
    /// The admission is in the journal.
    journaled: bool,
    begun: AtomicBool,
}

impl Settlement {
    /// To be set as soon as anything of the call may have been sent.
    pub(crate) const fn begun(&self) -> &AtomicBool {
        &self.begun
    }

    /// The call goes on with another credential, maybe to another model: the
    /// books name whoever answers.
    pub(crate) fn aim(&mut self, item: Item<'_>) {
        self.record.credential = Some(item.credential.id.uuid());
        self.record.model = item.model();
        self.provider = item.credential.provider;
    }

    /// The call has to be within these limits too, if it
    /// isn't already.
    pub(crate) async fn also_within(&mut self, mut limits: Vec<Arc<LimitEntry>>, tokens: u64) -> Result<(), Refusal> {
        let Some(reservation) = &mut self.reservation else { return Ok(()) };
        let Reservation { ledger, admission, further, .. } = reservation;
        limits.retain(|limit| {
            !admission.as_ref().is_some_and(|held| held.holds(limit)) && !further.iter().any(|held| held.holds(limit))
        });
        if !limits.is_empty() {
            further.push(Further::take(ledger, limits, tokens).await?);
        }
        Ok(())
    }

    /// How the rate limits of the call stand.
    pub(crate) fn standing(&self) -> Standing {
        let admission = self.reservation.as_ref().and_then(|reservation| reservation.admission.as_ref());
        admission.map_or_else(Standing::default, |admission| admission.standing)
    }

    /// The call is over; nothing more is added later. `is_success`: the provider
    /// did what was asked, as far as it came. What it says it used is priced now,
    /// once and for all.
    pub(crate) fn close(&mut self, usage: Option<Usage>, is_success: bool) {
        let Some(reservation) = self.reservation.take() else { return };
        let end = match &usage {
            Some(usage) => CallEnd::Used(usage.total_tokens()),
            None if is_success => CallEnd::Unknown,
            None => CallEnd::Used(0),
        };
        let ledger = reservation.keep(end);
        let is_free = !is_success || self.record.kind == CallKind::Other;
        let cost_nanos = match &usage {
            Some(usage) => ledger.cost((self.organization, self.provider), &self.record, usage),
            // No provider charges for a refusal; of an answer that doesn't say
            // what it used, nobody knows the cost.
            None => is_free.then_some(0),
        };
        // Any name can be refused, and each would have sums of its own.
        let is_refused = usage.is_none() && !is_success;
        let model = if is_refused { ModelName::of(self.provider.as_str(), "") } else { self.record.model };
        let usage = usage.unwrap_or_default();
        ledger.append_surely(&UsageRecord {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            cache_write_hour_tokens: usage.cache_write_hour_tokens,
            input_audio_tokens: usage.input_audio_tokens,
            output_audio_tokens: usage.output_audio_tokens,
            tier: usage.tier,
            cost_nanos,
            model,
            ..self.record
        });
    }

    /// The provider refused the call: it counts, and costs nothing.
    pub(crate) fn refused(mut self) {
        self.close(None, false);
    }

    /// Nothing of the call ever left: it doesn't count.
    pub(crate) async fn never_sent(mut self) {
        if let Some(reservation) = self.take_back() {
            reservation.give_back().await;
        }
    }

    fn take_back(&mut self) -> Option<Reservation> {
        let reservation = self.reservation.take()?;
        if self.journaled {
            reservation.ledger.append_surely(&UsageRecord { requests: -1, sent: false, ..self.record });
        }
        Some(reservation)
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if self.begun.load(Ordering::Relaxed) {
            self.close(None, true);
        } else {
            drop(self.take_back());
        }
    }
}
