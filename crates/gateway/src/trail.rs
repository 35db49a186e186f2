//! What a call leaves for whoever asks later why it was let through or refused:
//! gathered on its way, and written down as one decision when its answer begins.
//! Nothing waits for that, and where nobody keeps decisions nothing is gathered.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    sync::Arc,
};

use http::Response;
use keyward_access::{BudgetSeen, KeyEntry, LimitScope, LimitSeen};
use keyward_domain::{
    budget::BudgetScope,
    decision::{BudgetMet, Held, Verdict},
    id::CredentialId,
    limit::Measure,
};
use keyward_telemetry::decisions::{DecisionLog, Head, Writer};

use crate::{call::Call, demand::Demand, error::CallError, respond::AnswerBody, route};

/// One call's.
#[derive(Default)]
pub(crate) struct Trail {
    log: Option<Arc<DecisionLog>>,
    /// The key, where it is known and can't be used.
    key: RefCell<Option<Arc<KeyEntry>>>,
    model: RefCell<Box<str>>,
    credential: Cell<Option<CredentialId>>,
    cached: Cell<bool>,
    seen: OnceCell<Rc<RefCell<Met>>>,
}

/// The limits and budgets that were looked at.
#[derive(Default)]
struct Met {
    limits: Vec<LimitSeen>,
    budgets: Vec<BudgetSeen>,
}

/// Where limits and budgets are noted; nowhere, unless somebody keeps it.
#[derive(Clone, Default)]
pub(crate) struct Seen(Option<Rc<RefCell<Met>>>);

impl Seen {
    pub(crate) fn limits(&self, limits: Vec<LimitSeen>) {
        if let Some(met) = &self.0 {
            met.borrow_mut().limits.extend(limits);
        }
    }

    pub(crate) fn budgets(&self, budgets: Vec<BudgetSeen>) {
        if let Some(met) = &self.0 {
            met.borrow_mut().budgets.extend(budgets);
        }
    }
}

impl Trail {
    /// Of a call whose decision goes into `log`, if anybody keeps one.
    pub(crate) fn new(log: Option<Arc<DecisionLog>>) -> Self {
        Self { log, ..Self::default() }
    }

    /// The key is known, and refused.
    pub(crate) fn refused_key(&self, key: impl FnOnce() -> Option<Arc<KeyEntry>>) {
        if self.log.is_some() {
            self.key.replace(key());
        }
    }

    /// What model is asked for.
    pub(crate) fn model(&self, model: &str) {
        if self.log.is_some() {
            self.model.replace(model.into());
        }
    }

    /// Who answered.
    pub(crate) fn credential(&self, id: CredentialId) {
        self.credential.set(Some(id));
    }

    /// The cache answered.
    pub(crate) fn cached(&self) {
        self.cached.set(true);
    }

    /// Where it is to be noted how what `demand` asks for stands, and the limits of
    /// other models that a call of `key` may meet on its way.
    pub(crate) fn seen(&self, demand: &Demand, key: &KeyEntry) -> Seen {
        let meets_none = || demand.limits.is_empty() && demand.budgets.is_empty() && !key.limits_models();
        if self.log.is_none() || meets_none() {
            return Seen::default();
        }
        Seen(Some(Rc::clone(self.seen.get_or_init(Rc::default))))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(credential) = self.credential.get() {
            writer.credential(credential);
        }
        if self.cached.get() {
            writer.cached();
        }
        let Some(met) = self.seen.get().map(|met| met.borrow()) else { return };
        for LimitSeen { entry, state, at, would_refuse } in &met.limits {
            let of = match &entry.scope {
                LimitScope::Key => Held::Key,
                LimitScope::Project => Held::Project,
                LimitScope::Model(model) => Held::Model(model.to_string()),
            };
            for measure in Measure::ALL {
                if let Some(left) = state.remaining(&entry.limits, measure, *at) {
                    writer.limit((entry.id, &of), measure, left);
                    if entry.limits.shadow {
                        writer.limit_in_shadow(*would_refuse == Some(measure));
                    }
                }
            }
        }
        for BudgetSeen { entry, charged_nanos, reserve_nanos, would_refuse } in &met.budgets {
            writer.budget(&BudgetMet {
                id: entry.budget.id.uuid(),
                of: match entry.budget.scope {
                    BudgetScope::Key(..) => Held::Key,
                    BudgetScope::Project(_) => Held::Project,
                    BudgetScope::Organization => Held::Organization,
                },
                window: entry.budget.terms.window,
                amount_nanos: entry.budget.terms.amount_nanos,
                charged_nanos: *charged_nanos,
                reserve_nanos: *reserve_nanos,
                shadow: entry.budget.terms.shadow,
                would_refuse: *would_refuse,
            });
        }
    }
}

/// Writes down what became of a call, unless nobody knows whose it is.
pub(crate) fn decide(call: &Call<'_>, key: Option<&KeyEntry>, outcome: Result<&Response<AnswerBody>, &CallError>) {
    let Some(log) = &call.trail.log else { return };
    let refused = call.trail.key.borrow();
    let Some(key) = key.or(refused.as_deref()) else { return };
    let check = outcome.err().and_then(CallError::check);
    let (verdict, status) = match outcome {
        Ok(answer) => (Verdict::LetThrough, answer.status()),
        Err(error) if check.is_some() => (Verdict::Refused, error.status),
        Err(error) => (Verdict::Failed, error.status),
    };
    let head = Head {
        request: call.id,
        organization: key.project.organization,
        project: key.project.id,
        key: key.id,
        verdict,
        status: status.as_u16(),
        attempts: u8::try_from(call.attempts.get()).unwrap_or(u8::MAX),
    };
    log.append(call.core.number, &head, |writer| {
        let path = call.head.uri.path();
        // What stands at no address can be anything.
        let path = if route::allowed_method(path).is_some() { path } else { "" };
        writer.asked(call.head.method.as_str(), path, &call.trail.model.borrow());
        if let Err(error) = outcome {
            writer.reason(check, error.code, &error.message, error.param);
        }
        call.trail.write(writer);
    });
}
