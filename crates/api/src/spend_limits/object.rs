//! A spend limit as it is answered.

use keyward_service::budget::BudgetDetails;
use serde::Serialize;
use utoipa::ToSchema;

/// Nanodollars of a cent.
pub const CENT: i64 = 10_000_000;

/// A hard spend limit.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpendLimitObject {
    /// `organization.spend_limit` or `project.spend_limit`.
    pub object: &'static str,
    /// How much calls may cost in a month, in cents.
    pub threshold_amount: i64,
    /// Always `USD`.
    pub currency: &'static str,
    /// Always `month`.
    pub interval: &'static str,
    /// Whether it holds calls back now.
    pub enforcement: EnforcementObject,
}

/// Whether a spend limit holds calls back now.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnforcementObject {
    /// `enforcing` once all of it is spent or reserved, `inactive` before.
    pub status: &'static str,
}

impl From<BudgetDetails> for SpendLimitObject {
    fn from(details: BudgetDetails) -> Self {
        let BudgetDetails { budget, spending, .. } = details;
        let charged = spending.spent_nanos.saturating_add(spending.reserved_nanos);
        let status = if charged >= budget.terms.amount_nanos { "enforcing" } else { "inactive" };
        Self {
            object: if budget.scope.project().is_some() { "project.spend_limit" } else { "organization.spend_limit" },
            threshold_amount: budget.terms.amount_nanos / CENT,
            currency: "USD",
            interval: "month",
            enforcement: EnforcementObject { status },
        }
    }
}
