//! A budget as it is answered.

use keyward_domain::{
    budget::{BudgetTerms, Spending},
    money::dollars,
};
use keyward_service::budget::BudgetDetails;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// What a budget is, and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyBudgetObject {
    /// How much calls may cost, in decimal dollars.
    pub amount: String,
    /// The same in nanodollars.
    pub amount_nanos: i64,
    /// `day`, `week`, `month` or `total`.
    pub window: &'static str,
    /// The time zone whose midnight begins a day.
    pub time_zone: String,
    /// `strict` or `balanced`.
    pub mode: &'static str,
    /// Whether calls that it doesn't cover are let through, and only told (shadow
    /// mode).
    pub shadow: bool,
    /// What calls cost in the present period, in decimal dollars.
    pub spent: String,
    /// The same in nanodollars.
    pub spent_nanos: i64,
    /// What is held back for calls under way, in decimal dollars.
    pub reserved: String,
    /// The same in nanodollars.
    pub reserved_nanos: i64,
}

impl KeyBudgetObject {
    /// A budget that stands so.
    pub fn new(terms: &BudgetTerms, spending: Spending) -> Self {
        let Spending { spent_nanos, reserved_nanos } = spending;
        Self {
            amount: terms.amount(),
            amount_nanos: terms.amount_nanos,
            window: terms.window.as_str(),
            time_zone: terms.time_zone.as_str().to_owned(),
            mode: terms.mode.as_str(),
            shadow: terms.shadow,
            spent: dollars(spent_nanos),
            spent_nanos,
            reserved: dollars(reserved_nanos),
            reserved_nanos,
        }
    }
}

/// A budget of a project, or of the organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetObject {
    /// `organization.project.budget` or `organization.budget`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What it is, and how it stands.
    #[serde(flatten)]
    pub budget: KeyBudgetObject,
    /// Where the present period begins, in Unix seconds; null: with the first call.
    pub period_start: Option<i64>,
    /// When the budget begins anew, in Unix seconds; null: never.
    pub period_end: Option<i64>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl HasId for BudgetObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<BudgetDetails> for BudgetObject {
    fn from(details: BudgetDetails) -> Self {
        let BudgetDetails { budget, spending, period } = details;
        let ends = period.end_ms != i64::MAX;
        Self {
            object: if budget.scope.project().is_some() {
                "organization.project.budget"
            } else {
                "organization.budget"
            },
            id: budget.id.to_string(),
            budget: KeyBudgetObject::new(&budget.terms, spending),
            period_start: ends.then_some(period.start_ms / 1000),
            period_end: ends.then_some(period.end_ms / 1000),
            created_at: budget.created_at.as_second(),
            updated_at: budget.updated_at.as_second(),
            version: budget.version,
        }
    }
}
