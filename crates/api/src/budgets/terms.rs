//! What a budget is, as it is sent.

use keyward_domain::{
    Invalid,
    budget::{BudgetMode, BudgetTerms, BudgetWindow, TermsPatch, TimeZoneName},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a budget is. In an edit, what isn't named stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsBody {
    /// How much calls may cost: decimal dollars such as `25.00`, at least a cent.
    #[serde(default)]
    pub amount: Option<String>,
    /// `day`, `week`, `month` (unless said otherwise) or `total`.
    #[serde(default)]
    pub window: Option<String>,
    /// The time zone whose midnight begins a day, such as `Europe/Berlin`; UTC
    /// unless said otherwise.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `strict` (unless said otherwise): never exceeded, a call needs the most that
    /// it can cost to be left; `balanced`: what such calls cost lately.
    #[serde(default)]
    pub mode: Option<String>,
    /// Whether calls that it doesn't cover are let through, and only told (shadow
    /// mode); false unless said otherwise.
    #[serde(default)]
    pub shadow: Option<bool>,
}

impl TermsBody {
    /// Reads what is named.
    pub fn read(&self) -> Result<TermsPatch, Invalid> {
        Ok(TermsPatch {
            amount_nanos: self.amount.as_deref().map(|text| BudgetTerms::parse_amount("amount", text)).transpose()?,
            window: self.window.as_deref().map(|text| BudgetWindow::parse("window", text)).transpose()?,
            time_zone: self.time_zone.as_deref().map(|text| TimeZoneName::parse("time_zone", text)).transpose()?,
            mode: self.mode.as_deref().map(|text| BudgetMode::parse("mode", text)).transpose()?,
            shadow: self.shadow,
        })
    }
}
