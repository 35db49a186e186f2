//! The books: what a call adds to the usage journal, exactly once, whatever
//! ends it. A guard is opened just before a call goes out and closed when its
//! use is known; dropping it (the caller hung up, the stream was cut, the
//! process drains) closes it too.
//!
//! Nothing that was sent is forgotten: a closing record that the journal can't
//! take is kept until it can, and no new call is let out meanwhile, so what is
//! kept is at most one record for each call in flight.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use keyward_access::{Authenticated, CredentialEntry, KeyEntry, RequestCaps};
use keyward_domain::{Clock, clock::to_millis};
use keyward_provider::Usage;
use keyward_telemetry::journal::{Journal, JournalError, UsageRecord};

use crate::error::CallError;

/// One core's way to the journal, and the counters of request caps.
pub(crate) struct Ledger {
    journal: Arc<Journal>,
    caps: RequestCaps,
    clock: Arc<dyn Clock>,
    /// Closing records that the journal couldn't take yet.
    kept: RefCell<VecDeque<UsageRecord>>,
    /// The last append failed.
    in_doubt: Cell<bool>,
}

impl Ledger {
    pub(crate) fn new(journal: Arc<Journal>, caps: RequestCaps, clock: Arc<dyn Clock>) -> Self {
        Self { journal, caps, clock, kept: RefCell::default(), in_doubt: Cell::new(false) }
    }

    /// Check 8 for a call that can't go out anyway: says whether the cap is
    /// reached, and counts nothing.
    pub(crate) async fn check_cap(&self, key: &KeyEntry) -> Result<(), CallError> {
        self.caps.reserve(key).await?;
        self.give_back(key).await;
        Ok(())
    }

    /// Check 8: counts a call that goes out now. The journal has it before the
    /// provider does, where a cap depends on it.
    pub(crate) async fn open(
        self: &Rc<Self>,
        caller: &Authenticated,
        credential: &CredentialEntry,
        ip: IpAddr,
    ) -> Result<Settlement, CallError> {
        let key = &caller.key;
        self.caps.reserve(key).await?;
        let counted = key.max_requests.is_some();
        let journaled = counted && self.caps.counts_in_journal();
        let record = UsageRecord {
            at_ms: 0,
            api_key: key.id.uuid(),
            project: key.project.id.uuid(),
            credential: Some(credential.id.uuid()),
            requests: if counted { 0 } else { 1 },
            input_tokens: 0,
            output_tokens: 0,
            cached_input_tokens: 0,
            reasoning_tokens: 0,
            ip: Some(ip),
            previous_secret: caller.previous_secret,
            sent: true,
        };
        // A record that adds nothing asks whether the journal works again.
        let admission = UsageRecord { requests: i32::from(journaled), sent: false, ..record };
        if self.catch_up().is_err() || ((journaled || self.in_doubt.get()) && self.append(&admission).is_err()) {
            self.give_back(key).await;
            return Err(CallError::journal_unavailable());
        }
        Ok(Settlement { ledger: Rc::clone(self), key: Arc::clone(key), record, journaled, open: true })
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

    fn append(&self, record: &UsageRecord) -> Result<(), JournalError> {
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

    async fn give_back(&self, key: &KeyEntry) {
        if self.caps.give_back(key).await.is_err() {
            tracing::error!(key = %key.id, "a call that wasn't sent stays counted: the shared count can't be reached");
        }
    }
}

/// A call that was counted and whose use isn't in the journal yet.
pub(crate) struct Settlement {
    ledger: Rc<Ledger>,
    key: Arc<KeyEntry>,
    /// The closing record, its use still missing.
    record: UsageRecord,
    /// The admission is in the journal.
    journaled: bool,
    open: bool,
}

impl Settlement {
    /// The call is over; nothing more is added later.
    pub(crate) fn close(&mut self, usage: Option<Usage>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let usage = usage.unwrap_or_default();
        self.ledger.append_surely(&UsageRecord {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            ..self.record
        });
    }

    /// Nothing of the call ever left: it doesn't count.
    pub(crate) async fn never_sent(mut self) {
        self.open = false;
        if self.journaled {
            self.ledger.append_surely(&UsageRecord { requests: -1, sent: false, ..self.record });
        }
        self.ledger.give_back(&self.key).await;
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.close(None);
    }
}
