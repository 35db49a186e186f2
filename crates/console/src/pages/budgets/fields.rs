//! The fields of a budget's form, which a key's form has too.

use keyward_domain::{
    Invalid,
    budget::{BudgetMode, BudgetTerms, BudgetWindow, Spending, TermsPatch, TimeZoneName},
    money::dollars,
};

use super::title;
use crate::form::Form;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("amount", "budget_amount"),
    ("window", "budget_window"),
    ("mode", "budget_mode"),
    ("time_zone", "budget_time_zone"),
];

/// What is to be a budget; none where there is no amount.
pub fn terms(form: &Form) -> Result<Option<TermsPatch>, Invalid> {
    let Some(amount) = form.optional("budget_amount") else { return Ok(None) };
    let amount = amount.replace([',', '_', ' ', '$'], "");
    let zone = form.optional("budget_time_zone").unwrap_or("UTC");
    Ok(Some(TermsPatch {
        amount_nanos: Some(BudgetTerms::parse_amount("amount", &amount)?),
        window: Some(BudgetWindow::parse("window", form.text("budget_window"))?),
        mode: Some(BudgetMode::parse("mode", form.text("budget_mode"))?),
        time_zone: Some(TimeZoneName::parse("time_zone", zone)?),
        shadow: Some(form.is_ticked("budget_shadow")),
    }))
}

/// What must be a budget.
pub fn needed(form: &Form) -> Result<TermsPatch, Invalid> {
    terms(form)?.ok_or_else(|| Invalid::new("amount", "Give an amount in dollars, such as 25.00."))
}

/// Shows a budget as it is in a form.
pub fn show(form: &mut Form, terms: &BudgetTerms) {
    form.set("budget_amount", terms.amount());
    form.set("budget_window", terms.window.as_str());
    form.set("budget_mode", terms.mode.as_str());
    form.set("budget_time_zone", terms.time_zone.as_str());
    if terms.shadow {
        form.set("budget_shadow", "yes");
    }
}

/// In a few words: `$25.00 a month, strict`.
pub fn summary(terms: &BudgetTerms) -> String {
    let shadow = if terms.shadow { ", shadow mode" } else { "" };
    format!("${} {}, {}{shadow}", terms.amount(), title(terms.window).to_lowercase(), terms.mode.as_str())
}

/// How a budget stands: `$3.20 spent, $0.10 reserved`.
pub fn stands(spending: Spending) -> String {
    let spent = format!("${} spent", dollars(spending.spent_nanos));
    match spending.reserved_nanos {
        0 => spent,
        reserved => format!("{spent}, ${} reserved by calls in flight", dollars(reserved)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let read = |text: &str| terms(&Form::read(text.as_bytes()).unwrap());
        let rest = "budget_window=month&budget_mode=strict&budget_time_zone=europe%2Fberlin";
        let budget = read(&format!("budget_amount=%241%2C000.50&{rest}")).unwrap().unwrap().apply(None).unwrap();
        assert_eq!(summary(&budget), "$1000.50 a month, strict");
        assert_eq!(budget.time_zone.as_str(), "Europe/Berlin");
        let shadow = read(&format!("budget_amount=1&{rest}&budget_shadow=yes")).unwrap().unwrap().apply(None).unwrap();
        assert_eq!(summary(&shadow), "$1.00 a month, strict, shadow mode");
        assert_eq!(read(&format!("budget_amount=+&{rest}")).unwrap(), None);
        for (wrong, param) in [("budget_amount=0", "amount"), ("budget_amount=1&budget_window=year", "window")] {
            assert_eq!(read(&format!("{wrong}&{rest}")).unwrap_err().param, param);
        }
        assert_eq!(stands(Spending { spent_nanos: 10_000_000, reserved_nanos: 0 }), "$0.01 spent");
    }
}
