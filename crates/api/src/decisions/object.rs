//! A decision as it is answered.

use keyward_domain::{
    decision::{BudgetMet, Check, Decision, Held, LimitMet, Reason},
    id::{ApiKeyId, BudgetId, LimitId},
    money::dollars,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What was decided about one call.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionObject {
    /// Always `organization.decision`.
    pub object: &'static str,
    /// The call.
    pub request_id: String,
    /// When it came, in Unix seconds.
    pub created_at: i64,
    /// In which project.
    pub project_id: String,
    /// With which API key.
    pub api_key_id: String,
    /// Its method.
    pub method: String,
    /// Its path, without a query; null where there is nothing at it.
    pub path: Option<String>,
    /// The model that it asked for; null if it came to none.
    pub model: Option<String>,
    /// `let_through`; `refused` by a check; `failed`: it passed every check, and
    /// nobody could answer.
    pub outcome: &'static str,
    /// The status of its answer.
    pub status: u16,
    /// Why the answer was Keyward's own; null for one of a provider or the cache.
    pub decided_by: Option<DecidedBy>,
    /// Whether the response cache answered.
    pub cached: bool,
    /// With which credential its provider answered.
    pub credential_id: Option<String>,
    /// How often providers were asked.
    pub attempts: u8,
    /// The rate limits that were looked at, each number of them.
    pub limits: Vec<LimitMetObject>,
    /// The budgets that were looked at; the organization's for those who may read
    /// the usage of all of it.
    pub budgets: Vec<BudgetMetObject>,
}

/// What kept a call from an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedBy {
    /// The number of the check that refused, as the documentation counts them; null
    /// where all were passed.
    pub check: Option<u8>,
    /// Its name: `key`, `key_state`, `project`, `origin`, `route`, `scope`,
    /// `request`, `request_cap`, `rate_limit`, `budget` or `credential`.
    pub name: Option<&'static str>,
    /// `error.code` of the answer.
    pub code: String,
    /// What the caller was told.
    pub message: String,
    /// The field that it is about.
    pub param: Option<String>,
}

/// One number of a rate limit, as a call met it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitMetObject {
    /// The limit, or the API key whose limit it is.
    pub id: String,
    /// Whose calls it holds: a `key`'s, a `project`'s, or those to a `model`.
    pub of: &'static str,
    /// The name or glob of the models.
    pub model: Option<String>,
    /// `requests_per_minute`, `tokens_per_minute` or `parallel_requests`.
    pub measure: &'static str,
    /// The number.
    pub limit: u64,
    /// What was left of it: with the call, where its limits let it through.
    pub remaining: u64,
    /// Whether the limit was in shadow mode.
    pub shadow: bool,
    /// Whether it would have refused the call by this number, were it not in shadow
    /// mode.
    pub would_refuse: bool,
}

/// A budget as a call met it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetMetObject {
    /// The budget.
    pub id: String,
    /// Whose calls it holds: a `key`'s, a `project`'s or an `organization`'s.
    pub of: &'static str,
    /// `day`, `week`, `month` or `total`.
    pub window: &'static str,
    /// How much calls may cost, in decimal dollars.
    pub amount: String,
    /// The same in nanodollars.
    pub amount_nanos: i64,
    /// What was spent, and held back for calls under way: for this one too, where
    /// its budgets let it through. In decimal dollars.
    pub charged: String,
    /// The same in nanodollars.
    pub charged_nanos: i64,
    /// What had to be held back for this call, in decimal dollars; of a budget in
    /// shadow mode, what would have had to.
    pub reserve: String,
    /// The same in nanodollars.
    pub reserve_nanos: i64,
    /// Whether the budget was in shadow mode.
    pub shadow: bool,
    /// Whether it would have refused the call, were it not in shadow mode.
    pub would_refuse: bool,
}

impl From<Decision> for DecisionObject {
    fn from(decision: Decision) -> Self {
        let text = |text: String| (!text.is_empty()).then_some(text);
        Self {
            object: "organization.decision",
            request_id: decision.request.to_string(),
            created_at: decision.at().as_second(),
            project_id: decision.project.to_string(),
            api_key_id: decision.key.to_string(),
            method: decision.method,
            path: text(decision.path),
            model: text(decision.model),
            outcome: decision.verdict.as_str(),
            status: decision.status,
            decided_by: decision.reason.map(Into::into),
            cached: decision.cached,
            credential_id: decision.credential.map(|id| id.to_string()),
            attempts: decision.attempts,
            limits: decision.limits.into_iter().map(Into::into).collect(),
            budgets: decision.budgets.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Reason> for DecidedBy {
    fn from(reason: Reason) -> Self {
        let Reason { check, code, message, param } = reason;
        Self { check: check.map(Check::number), name: check.map(Check::as_str), code, message, param }
    }
}

impl From<LimitMet> for LimitMetObject {
    fn from(met: LimitMet) -> Self {
        Self {
            id: match met.of {
                Held::Key => ApiKeyId::from_uuid(met.id).to_string(),
                _ => LimitId::from_uuid(met.id).to_string(),
            },
            of: met.of.as_str(),
            measure: met.measure.as_str(),
            limit: met.limit,
            remaining: met.remaining,
            shadow: met.shadow,
            would_refuse: met.would_refuse,
            model: match met.of {
                Held::Model(model) => Some(model),
                _ => None,
            },
        }
    }
}

impl From<BudgetMet> for BudgetMetObject {
    fn from(met: BudgetMet) -> Self {
        Self {
            id: BudgetId::from_uuid(met.id).to_string(),
            of: met.of.as_str(),
            window: met.window.as_str(),
            amount: dollars(met.amount_nanos),
            amount_nanos: met.amount_nanos,
            charged: dollars(met.charged_nanos),
            charged_nanos: met.charged_nanos,
            reserve: dollars(met.reserve_nanos),
            reserve_nanos: met.reserve_nanos,
            shadow: met.shadow,
            would_refuse: met.would_refuse,
        }
    }
}
