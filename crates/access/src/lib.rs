//! Who may come in: every live key in memory, and the checks that a key alone
//! decides. Shared by the gateway and the admin API, fed by the service.
//!
//! Nothing here waits: no I/O, no database, no lock that a reader could meet.

mod budget_entry;
mod budgets;
mod caps;
mod client_address;
mod entry;
mod index;
mod limit_entry;
mod limits;
mod presented;
mod refusal;
mod resources;

pub use budget_entry::{BudgetEntry, BudgetReached};
pub use budgets::{
    BudgetAdmission, BudgetSeen, BudgetShort, BudgetStore, Budgets, BudgetsAdmitted, BudgetsUnavailable, SharedBudget,
    SharedCharge,
};
pub use caps::{CapStore, CapUnavailable, RequestCaps};
pub use client_address::TrustedProxies;
pub use entry::{AdminKeyEntry, Authenticated, CredentialEntry, KeyEntry, ProjectEntry, ProjectState};
pub use index::KeyIndex;
pub use limit_entry::{LimitEntry, LimitScope, RateLimited};
pub use limits::{
    Admission, Admitted, CallEnd, LimitReached, LimitSeen, LimitStore, LimitsUnavailable, RateLimits, SharedLimit,
    nanoseconds,
};
pub use presented::{PresentedKey, presented_key};
pub use refusal::{Refusal, code};
pub use resources::{ResourceStore, ResourcesUnavailable};
