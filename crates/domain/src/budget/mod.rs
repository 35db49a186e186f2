//! Budgets: how many dollars the calls of a key, a project or an organization
//! may cost in a day, a week, a month or altogether. A call has to be within all
//! budgets that apply to it.

mod period;
mod state;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Invalid,
    id::{ApiKeyId, BudgetId, OrganizationId, ProjectId},
    money::{dollars, parse_nanos},
};

pub use period::{BudgetWindow, Period, TimeZoneName};
pub use state::{BudgetState, Charge, ChargedAs, OverBudget, Reserve};

/// The most that a budget may be, in dollars.
const MOST_DOLLARS: u64 = 1_000_000_000;

/// The least that a budget may be, in nanodollars: a cent.
const LEAST_NANOS: i64 = 10_000_000;

/// How sure a budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetMode {
    /// Never exceeded: a call goes out if the most that it can cost is left.
    #[default]
    Strict,
    /// A call goes out if what such calls cost lately is left: exceeded by what
    /// calls under way turn out to cost more.
    Balanced,
}

impl BudgetMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Balanced];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Balanced => "balanced",
        }
    }

    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| Invalid::new(param, format!("{param} is \"strict\" or \"balanced\".")))
    }
}

/// What a budget is: how much, for how long, from which midnight on, how sure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetTerms {
    /// How much calls may cost, in nanodollars.
    pub amount_nanos: i64,
    /// In which time.
    pub window: BudgetWindow,
    /// Where a day begins.
    pub time_zone: TimeZoneName,
    /// How sure it is.
    pub mode: BudgetMode,
    /// Whether what it doesn't cover is only told, and let through.
    #[serde(default)]
    pub shadow: bool,
}

impl BudgetTerms {
    /// Reads an amount of decimal dollars from the field `param`.
    pub fn parse_amount(param: &str, text: &str) -> Result<i64, Invalid> {
        let nanos = parse_nanos(param, text, MOST_DOLLARS)?;
        if nanos < LEAST_NANOS {
            return Err(Invalid::new(
                param,
                format!(
                    "{param} is at least 0.01 dollars. To stop all calls, disable the key or deactivate the project."
                ),
            ));
        }
        Ok(nanos)
    }

    /// Whether spending is counted in the same periods.
    pub fn counts_alike(&self, other: &Self) -> bool {
        self.window == other.window && self.time_zone == other.time_zone
    }

    /// Whether it is never exceeded.
    pub fn is_strict(&self) -> bool {
        self.mode == BudgetMode::Strict && !self.shadow
    }

    /// The amount in decimal dollars.
    pub fn amount(&self) -> String {
        dollars(self.amount_nanos)
    }
}

/// An edit of a budget; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsPatch {
    /// How much, in nanodollars.
    pub amount_nanos: Option<i64>,
    /// In which time.
    pub window: Option<BudgetWindow>,
    /// Where a day begins.
    pub time_zone: Option<TimeZoneName>,
    /// How sure it is.
    pub mode: Option<BudgetMode>,
    /// Whether what it doesn't cover is only told.
    pub shadow: Option<bool>,
}

impl TermsPatch {
    /// What a budget is after the edit; a new one needs its amount, counts
    /// months in UTC, is strict and enforced unless the edit says otherwise.
    pub fn apply(self, before: Option<&BudgetTerms>) -> Result<BudgetTerms, Invalid> {
        let amount_nanos = self.amount_nanos.or(before.map(|terms| terms.amount_nanos)).ok_or_else(|| {
            Invalid::new("budget.amount", "A budget needs an amount in decimal dollars, such as \"25.00\".")
        })?;
        Ok(BudgetTerms {
            amount_nanos,
            window: self.window.or(before.map(|terms| terms.window)).unwrap_or_default(),
            time_zone: self.time_zone.or(before.map(|terms| terms.time_zone.clone())).unwrap_or_default(),
            mode: self.mode.or(before.map(|terms| terms.mode)).unwrap_or_default(),
            shadow: self.shadow.or(before.map(|terms| terms.shadow)).unwrap_or_default(),
        })
    }
}

/// Whose calls a budget holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetScope {
    /// All of an organization.
    Organization,
    /// All of a project.
    Project(ProjectId),
    /// One key's.
    Key(ProjectId, ApiKeyId),
}

impl BudgetScope {
    /// The project, unless it is the organization's.
    pub const fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Organization => None,
            Self::Project(project) | Self::Key(project, _) => Some(*project),
        }
    }

    /// Under which id the budgets of a key, project or organization are found.
    pub const fn holder(&self, organization: OrganizationId) -> Uuid {
        match self {
            Self::Organization => organization.uuid(),
            Self::Project(project) => project.uuid(),
            Self::Key(_, key) => key.uuid(),
        }
    }
}

/// A budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Whose calls it holds.
    #[serde(skip)]
    pub scope: BudgetScope,
    /// What it is.
    #[serde(flatten)]
    pub terms: BudgetTerms,
    /// Since when calls are charged to it one by one, in milliseconds since 1970:
    /// what was spent before was summed up then.
    #[serde(skip)]
    pub since_ms: i64,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

impl Budget {
    /// Under which id the budgets of the same key, project or organization are found.
    pub const fn holder(&self) -> Uuid {
        self.scope.holder(self.organization)
    }

    /// The period of a moment.
    pub fn period(&self, at_ms: i64) -> Period {
        self.terms.window.period(&self.terms.time_zone, at_ms)
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// What has happened to a budget in its present period, in nanodollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spending {
    /// What calls cost that have ended.
    pub spent_nanos: i64,
    /// What is held back for calls under way.
    pub reserved_nanos: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_cent_to_a_billion_dollars() {
        assert_eq!(BudgetTerms::parse_amount("amount", "0.01"), Ok(10_000_000));
        assert_eq!(BudgetTerms::parse_amount("amount", "25"), Ok(25_000_000_000));
        assert_eq!(BudgetTerms::parse_amount("amount", "999999999.999999999"), Ok(999_999_999_999_999_999));
        for wrong in ["0", "0.009999999", "-1", "1e3", "", "1000000001", "0.0100000001"] {
            assert_eq!(BudgetTerms::parse_amount("amount", wrong).unwrap_err().param, "amount", "{wrong}");
        }
    }

    #[test]
    fn a_new_budget_is_strict_and_of_calendar_months_unless_it_says_otherwise() {
        let terms = TermsPatch { amount_nanos: Some(1), ..TermsPatch::default() }.apply(None).unwrap();
        assert_eq!(
            (terms.window, terms.mode, terms.time_zone.as_str()),
            (BudgetWindow::Month, BudgetMode::Strict, "UTC")
        );
        assert!(terms.is_strict());
        assert_eq!(TermsPatch::default().apply(None).unwrap_err().param, "budget.amount");
        let weekly =
            TermsPatch { window: Some(BudgetWindow::Week), ..TermsPatch::default() }.apply(Some(&terms)).unwrap();
        assert_eq!(weekly, BudgetTerms { window: BudgetWindow::Week, ..terms.clone() });
        assert!(!weekly.counts_alike(&terms));
    }

    #[test]
    fn shadow_mode_stays_until_it_is_named_and_counts_as_before() {
        let terms = TermsPatch { amount_nanos: Some(1), shadow: Some(true), ..TermsPatch::default() };
        let shadow = terms.apply(None).unwrap();
        assert!(shadow.shadow && !shadow.is_strict());
        let dearer = TermsPatch { amount_nanos: Some(2), ..TermsPatch::default() }.apply(Some(&shadow)).unwrap();
        assert_eq!(dearer, BudgetTerms { amount_nanos: 2, ..shadow.clone() });
        let off = TermsPatch { shadow: Some(false), ..TermsPatch::default() }.apply(Some(&shadow)).unwrap();
        assert!(off.is_strict() && off.counts_alike(&shadow));
        // As it stood in a key before there was shadow mode.
        let kept = r#"{"amount_nanos":1,"window":"month","time_zone":"UTC","mode":"strict"}"#;
        assert_eq!(serde_json::from_str::<BudgetTerms>(kept).unwrap(), off);
    }
}
