//! Budgets that several processes hold together, in their database. Holding back
//! and charging are one statement each for a budget, so nobody spends what
//! somebody else has. What is held back is part of what is charged: a process
//! that dies leaves it so, since nobody knows what its calls cost.
//!
//! Each process tells every few seconds what it holds back, for those who look.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyward_access::{
    BudgetShort, BudgetStore, Budgets, BudgetsAdmitted, BudgetsUnavailable, SharedBudget, SharedCharge,
};
use keyward_domain::{budget::BudgetState, clock::to_millis, id::BudgetId};
use keyward_store::budget_state::{self as store, Place};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Keyward, Result};

/// How often a process tells what it holds back.
const RENEWAL: Duration = Duration::from_secs(5);
/// For how long others believe it, in milliseconds.
const BELIEVED_MS: i64 = 30_000;
/// After which time without a word a process is forgotten, in milliseconds.
const FORGOTTEN_MS: i64 = 3_600_000;
/// Between attempts to charge how a call ended.
const PAUSE: Duration = Duration::from_secs(1);
/// How often that is tried: longer than a database is away for a restart. After
/// that, what was held back stays charged.
const ATTEMPTS: usize = 600;

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What this process holds back of budgets that others hold with it.
#[derive(Debug, Default)]
pub(crate) struct SharedBudgets {
    /// Chosen anew at each start.
    process: Uuid,
    reserved: Mutex<HashMap<BudgetId, i64>>,
}

impl SharedBudgets {
    pub fn new(process: Uuid) -> Self {
        Self { process, reserved: Mutex::default() }
    }

    pub const fn process(&self) -> Uuid {
        self.process
    }

    fn reserved(&self) -> MutexGuard<'_, HashMap<BudgetId, i64>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn here(&self, budget: BudgetId) -> i64 {
        self.reserved().get(&budget).copied().unwrap_or(0)
    }

    /// What isn't held back any more stays here as nothing until that was told.
    fn add(&self, budget: BudgetId, nanos: i64) {
        let mut reserved = self.reserved();
        let held = reserved.entry(budget).or_default();
        *held = held.saturating_add(nanos);
    }
}

const fn place(budget: &SharedBudget) -> Place {
    Place { id: budget.id, since: budget.since_ms, start: budget.start_ms }
}

impl Keyward {
    /// Who counts what calls cost: for whoever serves calls.
    pub fn call_budgets(&self) -> Budgets {
        if self.pool.is_shared() { Budgets::Shared(Arc::new(self.clone())) } else { Budgets::Local }
    }

    /// Tells again and again what this process holds back, until `stop`; then that
    /// it holds back nothing any more.
    pub async fn keep_budgets(&self, stop: CancellationToken) {
        if !self.pool.is_shared() {
            return;
        }
        while stop.run_until_cancelled(tokio::time::sleep(RENEWAL)).await.is_some() {
            if let Err(error) = self.tell_reserved().await {
                tracing::warn!(%error, "what budgets hold back here can't be told");
            }
        }
        if let Ok(mut connection) = self.pool.write().await {
            let _ = store::leave(&mut connection.conn(), self.budgets.process, 0).await;
        }
    }

    async fn tell_reserved(&self) -> Result<()> {
        let now = to_millis(self.now());
        let told: Vec<_> = self.budgets.reserved().iter().map(|(budget, nanos)| (*budget, *nanos)).collect();
        let mut connection = self.pool.write().await?;
        let conn = &mut connection.conn();
        for (budget, nanos) in told {
            store::tell_reserved(conn, budget, self.budgets.process, nanos, now + BELIEVED_MS).await?;
        }
        self.budgets.reserved().retain(|_, nanos| *nanos != 0);
        Ok(store::leave(conn, Uuid::nil(), now - FORGOTTEN_MS).await?)
    }

    /// `None`: a budget isn't known as what it is now.
    async fn admit_budgets(&self, budgets: &[SharedBudget], reserve: i64) -> Result<Option<BudgetsAdmitted>> {
        let mut transaction = self.pool.begin().await?;
        let mut states = Vec::with_capacity(budgets.len());
        for (at, budget) in budgets.iter().enumerate() {
            if budget.shadow {
                let taken = store::take(&mut transaction.conn(), place(budget), reserve).await?;
                // It was changed or deleted a moment ago: a call isn't refused for it.
                let other = || BudgetState { start_ms: budget.start_ms, charged_nanos: reserve };
                states.push(taken.unwrap_or_else(other));
                continue;
            }
            if let Some(state) = store::admit(&mut transaction.conn(), place(budget), reserve).await? {
                states.push(state);
                continue;
            }
            let Some((since, start, charged)) = store::state(&mut transaction.conn(), budget.id).await? else {
                // It was deleted a moment ago.
                states.push(BudgetState { start_ms: budget.start_ms, charged_nanos: reserve });
                continue;
            };
            if since != budget.since_ms {
                // It was changed a moment ago; this process hears of it within a second.
                return Ok(None);
            }
            let charged = if start < budget.start_ms { 0 } else { charged };
            let spending = self.shared_spending(&mut transaction.conn(), budget.id, charged).await?;
            let before = states.iter().map(|state| state.charged_nanos.saturating_sub(reserve)).collect();
            return Ok(Some(Err(BudgetShort { at, spending, before })));
        }
        transaction.commit().await?;
        for budget in budgets {
            self.budgets.add(budget.id, reserve);
        }
        Ok(Some(Ok(states)))
    }

    async fn charge_budgets(&self, charges: &[SharedCharge]) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        for charge in charges {
            store::charge(&mut transaction.conn(), place(&charge.budget), charge.nanos).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl BudgetStore for Keyward {
    fn admit(
        &self,
        budgets: Vec<SharedBudget>,
        reserve: i64,
    ) -> Answer<'_, std::result::Result<BudgetsAdmitted, BudgetsUnavailable>> {
        Box::pin(async move {
            let now_ms = to_millis(self.now());
            if self.limits.away.is_likely(now_ms) && budgets.iter().all(|budget| budget.shadow) {
                return Err(BudgetsUnavailable);
            }
            let admitted = self.admit_budgets(&budgets, reserve).await;
            self.limits.away.note(admitted.is_ok(), now_ms);
            match admitted {
                Ok(admitted) => admitted.ok_or(BudgetsUnavailable),
                Err(error) => {
                    tracing::warn!(%error, "a call can't be held to its budgets");
                    Err(BudgetsUnavailable)
                }
            }
        })
    }

    fn charge(self: Arc<Self>, mut charges: Vec<SharedCharge>) -> Answer<'static, ()> {
        // Each statement locks its row until the transaction ends: in the order of
        // ids, so that two calls never wait for each other.
        charges.sort_unstable_by_key(|charge| charge.budget.id);
        Box::pin(async move {
            for attempt in 1..=ATTEMPTS {
                match self.charge_budgets(&charges).await {
                    Ok(()) => break,
                    Err(error) if attempt == ATTEMPTS => {
                        tracing::error!(%error, "what a call cost isn't charged: what was held back for it stays charged");
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            for charge in charges {
                self.budgets.add(charge.budget.id, charge.released.saturating_neg());
            }
        })
    }
}
