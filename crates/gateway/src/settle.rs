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
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use keyward_access::{
    Admission, Authenticated, BudgetAdmission, Budgets, CallEnd, KeyEntry, KeyIndex, LimitEntry, RateLimits, Refusal,
    RequestCaps,
};
use keyward_domain::{
    Clock,
    budget::ChargedAs,
    clock::to_millis,
    id::{OrganizationId, ProviderResourceId},
    limit::Standing,
    provider::Provider,
    usage::CallKind,
};
use keyward_provider::{Used, estimate::Asked};
use keyward_telemetry::journal::{Journal, JournalError, ModelName, UsageRecord};
use tokio_util::task::TaskTracker;

use crate::{
    GatewayParts,
    call::Call,
    demand::Demand,
    error::CallError,
    item::{self, Item},
    metrics::Counts,
    owed::Debt,
    pricing::Pricing,
    reservation::Reservation,
};

/// One core's way to the journal, the counters of request caps, those of rate
/// limits and those of budgets.
pub(crate) struct Ledger {
    journal: Arc<Journal>,
    caps: RequestCaps,
    pub(crate) limits: RateLimits,
    pub(crate) budgets: Budgets,
    pub(crate) pricing: Pricing,
    index: Arc<KeyIndex>,
    pub(crate) clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    /// For what must be done although nobody waits for it any more.
    pub(crate) tasks: TaskTracker,
    /// Closing records that the journal couldn't take yet.
    kept: RefCell<VecDeque<UsageRecord>>,
    /// The last append failed.
    in_doubt: Cell<bool>,
}

impl Ledger {
    pub(crate) fn new(parts: &GatewayParts, counts: Arc<Counts>, tasks: TaskTracker) -> Self {
        Self {
            journal: Arc::clone(&parts.journal),
            caps: parts.caps.clone(),
            limits: parts.limits.clone(),
            budgets: parts.budgets.clone(),
            pricing: Pricing::new(parts),
            index: Arc::clone(&parts.index),
            clock: Arc::clone(&parts.clock),
            counts,
            tasks,
            kept: RefCell::default(),
            in_doubt: Cell::new(false),
        }
    }

    /// Checks 8 to 10 for a call that can't go out anyway: says whether the cap, a
    /// limit or a budget is reached, and counts nothing.
    pub(crate) async fn check(
        self: &Rc<Self>,
        call: &Call<'_>,
        key: &Arc<KeyEntry>,
        demand: Demand,
    ) -> Result<(), CallError> {
        let seen = call.trail.seen(&demand, key);
        self.reserve(key, Demand { seen, ..demand }).await?.give_back().await;
        Ok(())
    }

    /// Counts one call, or refuses it at the cap, a rate limit or a budget.
    async fn reserve(self: &Rc<Self>, key: &Arc<KeyEntry>, demand: Demand) -> Result<Reservation, Refusal> {
        let asks_nothing = key.max_requests.is_none() && demand.limits.is_empty() && demand.budgets.is_empty();
        let is_local = self.caps.counts_in_journal() || asks_nothing;
        let (ledger, key) = (Rc::clone(self), Arc::clone(key));
        let counting = async move {
            ledger.caps.reserve(&key).await?;
            let mut reservation = Reservation::counted(ledger, key, demand.seen.clone());
            match reservation.admit(demand).await {
                Ok(()) => Ok(reservation),
                Err(refusal) => {
                    reservation.give_back().await;
                    Err(refusal)
                }
            }
        };
        if is_local {
            return counting.await;
        }
        // The database may have counted although the caller hangs up before it
        // says so: on a task of its own the count is always heard of.
        self.tasks.spawn_local(counting).await.unwrap_or(Err(Refusal::CapUnavailable))
    }

    /// Checks 8 to 10: counts a call that goes out now. The journal has it before
    /// the provider does, where a cap or a budget depends on it.
    pub(crate) async fn open(
        self: &Rc<Self>,
        call: &Call<'_>,
        caller: &Authenticated,
        item: Item<'_>,
        demand: Demand,
    ) -> Result<Box<Settlement>, CallError> {
        let (key, credential) = (&caller.key, item.credential);
        let seen = call.trail.seen(&demand, key);
        let reservation = self.reserve(key, Demand { seen, ..demand }).await?;
        let counted = key.max_requests.is_some();
        let counted_here = counted && self.caps.counts_in_journal();
        let (let_through_ms, reserved_nanos) = reservation.held_back();
        let journaled = counted_here || reserved_nanos != 0;
        let record = UsageRecord {
            at_ms: 0,
            api_key: key.id.uuid(),
            project: key.project.id.uuid(),
            credential: Some(credential.id.uuid()),
            requests: if counted { 0 } else { 1 },
            ip: Some(call.address),
            previous_secret: caller.previous_secret,
            sent: true,
            kind: item.kind,
            model: item.model(),
            let_through_ms,
            reserved_nanos,
            ..UsageRecord::default()
        };
        // A record that adds nothing asks whether the journal works again.
        let admission = UsageRecord { requests: i32::from(counted_here), sent: false, ..record };
        if self.catch_up().is_err() || ((journaled || self.in_doubt.get()) && self.append(&admission).is_err()) {
            reservation.give_back().await;
            return Err(CallError::journal_unavailable());
        }
        reservation.would_refuse().iter().copied().for_each(|code| self.would_refuse(code));
        let begun = AtomicBool::new(false);
        let (organization, provider) = (key.project.organization, credential.provider);
        // Boxed: it is large, and goes through many hands.
        Ok(Box::new(Settlement {
            reservation: Some(reservation),
            record,
            organization,
            provider,
            journaled,
            counted_here,
            begun,
            asked: None,
            runs_on: Rc::default(),
            debt: None,
        }))
    }

    /// A call goes out that would have been refused so, were it not for shadow mode.
    pub(crate) fn would_refuse(&self, code: &'static str) {
        self.counts.would_refuse(code);
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
    pub(crate) fn append_surely(&self, record: &UsageRecord) {
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

    /// Charges the end of a call to its budgets.
    pub(crate) fn charge(&self, key: &KeyEntry, admission: &BudgetAdmission, charged_as: ChargedAs) {
        let present = self.index.budgets_of(key);
        if admission.is_empty() && present.is_empty() {
            return;
        }
        if let Some(charging) = self.budgets.end(admission, &present, charged_as, self.clock.now()) {
            self.tasks.spawn_local(charging);
        }
    }

    pub(crate) async fn give_back(&self, key: &KeyEntry) {
        if self.caps.give_back(key).await.is_err() {
            tracing::error!(key = %key.id, "a call that wasn't sent stays counted: the shared count can't be reached");
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
    /// The call is counted there.
    counted_here: bool,
    begun: AtomicBool,
    /// What its tokens are counted by if the provider doesn't say them.
    pub(crate) asked: Option<Asked>,
    /// By what a response is counted that is made in the background, once it is
    /// known that it is.
    pub(crate) runs_on: Rc<Cell<Option<ProviderResourceId>>>,
    /// The answer tells what was used by something that began before.
    pub(crate) debt: Option<Debt>,
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

    /// The provider's name of the model that is asked.
    pub(crate) fn model(&self) -> String {
        self.record.model.parts().unwrap_or_default().1.to_owned()
    }

    /// The call has to be within these limits too, if it isn't already.
    pub(crate) async fn also_within(&mut self, limits: Vec<Arc<LimitEntry>>, tokens: u64) -> Result<(), Refusal> {
        match &mut self.reservation {
            Some(reservation) => reservation.also_within(limits, tokens).await,
            None => Ok(()),
        }
    }

    /// How the rate limits of the call stand.
    pub(crate) fn standing(&self) -> Standing {
        self.reservation.as_ref().map_or_else(Standing::default, Reservation::standing)
    }

    /// The call is over; nothing more is added later. `is_success`: the provider
    /// did what was asked, as far as it came. What was used is priced now, once and
    /// for all. An estimate proves nothing: to a strict budget the call costs what
    /// is held back for it. A response that runs on says nothing yet: what is held
    /// back stays charged, and who reads it later is told what it used.
    pub(crate) fn close(&mut self, used: Option<Used>, is_success: bool) {
        let Some(reservation) = self.reservation.take() else { return };
        let ledger = Rc::clone(&reservation.ledger);
        let used = match self.debt.take() {
            None => used,
            Some(debt) => {
                if let Some(used) = used.filter(|_| is_success) {
                    debt.response(&ledger, &used.usage);
                }
                None
            }
        };
        let (usage, estimated) = (used.map(|used| used.usage), used.is_some_and(|used| used.is_estimated));
        let resource = self.runs_on.get();
        let runs_on = resource.is_some() && (estimated || usage.is_none());
        let hold_stays = runs_on || (estimated && reservation.is_held_strictly());
        let end = match &usage {
            _ if runs_on => CallEnd::Unknown,
            Some(usage) => CallEnd::Used(usage.total_tokens()),
            None if is_success => CallEnd::Unknown,
            None => CallEnd::Used(0),
        };
        let is_free = !is_success || self.record.kind == CallKind::Other;
        let cost_nanos = match &usage {
            Some(usage) => ledger.pricing.cost((self.organization, self.provider), &self.record, usage),
            // No provider charges for a refusal; of an answer that doesn't say
            // what it used, nobody knows the cost.
            None => is_free.then_some(0),
        };
        if let Some(cost) = cost_nanos.filter(|_| usage.is_some() && !runs_on && reservation.is_held_by_budgets()) {
            ledger.pricing.note(reservation.key.id, self.record.model, cost);
        }
        reservation.keep(end, cost_nanos.filter(|_| !hold_stays));
        // Any name can be refused, and each would have sums of its own.
        let is_refused = usage.is_none() && !is_success;
        let model = if is_refused { ModelName::of(self.provider.as_str(), "") } else { self.record.model };
        let record = UsageRecord { cost_nanos, model, estimated, hold_stays, ..self.record };
        ledger.append_surely(&match runs_on {
            true => record.without_use(),
            false => UsageRecord {
                resource: resource.map(|resource| resource.uuid()),
                ..item::with_use(record, &usage.unwrap_or_default())
            },
        });
    }

    /// The provider refused the call: it counts, and costs nothing.
    pub(crate) fn refused(mut self: Box<Self>) {
        self.close(None, false);
    }

    /// Nothing of the call ever left: it doesn't count.
    pub(crate) async fn never_sent(mut self: Box<Self>) {
        if let Some(reservation) = self.take_back() {
            reservation.give_back().await;
        }
    }

    fn take_back(&mut self) -> Option<Reservation> {
        let reservation = self.reservation.take()?;
        if self.journaled {
            let requests = -i32::from(self.counted_here);
            let reserved_nanos = -self.record.reserved_nanos;
            reservation.ledger.append_surely(&UsageRecord { requests, reserved_nanos, sent: false, ..self.record });
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
