//! Rate limits that a call meets on its way: another model, asked in place of
//! the first, may have limits of its own. What is taken from them is theirs
//! again when the call ends, whatever ends it.

use std::{rc::Rc, sync::Arc};

use keyward_access::{Admission, CallEnd, LimitEntry, Refusal};

use crate::{settle::Ledger, trail::Seen};

/// A place under further limits; given back unless it is ended.
pub(crate) struct Further {
    ledger: Rc<Ledger>,
    admission: Option<Admission>,
}

impl Further {
    /// Takes a place for a call of about `tokens`, and notes how the limits stand.
    pub(crate) async fn take(
        ledger: &Rc<Ledger>,
        limits: Vec<Arc<LimitEntry>>,
        tokens: u64,
        seen: &Seen,
    ) -> Result<Self, Refusal> {
        let (owner, seen) = (Rc::clone(ledger), seen.clone());
        let taking = async move {
            let mut met = Vec::new();
            let admitted = owner.limits.admit(limits, tokens, owner.clock.now(), &mut met).await;
            seen.limits(met);
            Ok(Self { admission: Some(admitted?), ledger: owner })
        };
        if ledger.limits.is_local() {
            return taking.await;
        }
        // The database may have counted although the caller hangs up before it
        // says so: on a task of its own the count is always heard of.
        ledger.tasks.spawn_local(taking).await.unwrap_or(Err(Refusal::LimitsUnavailable))
    }

    /// Whether it holds that limit.
    pub(crate) fn holds(&self, limit: &LimitEntry) -> bool {
        self.admission.as_ref().is_some_and(|admission| admission.holds(limit))
    }

    /// Whether one of them, in shadow mode, would have refused the call.
    pub(crate) fn would_refuse(&self) -> bool {
        self.admission.as_ref().is_some_and(|admission| admission.would_refuse)
    }

    /// The call has ended.
    pub(crate) fn end(mut self, end: CallEnd) {
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, end);
        }
    }
}

impl Drop for Further {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, CallEnd::NeverSent);
        }
    }
}
