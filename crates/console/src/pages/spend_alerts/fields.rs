//! The fields of a spend alert's form.

use keyward_domain::{
    Invalid,
    money::{dollars, parse_nanos},
    organization::Email,
    spend_alert::SpendAlertTerms,
};

use crate::form::Form;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("threshold_amount", "threshold"),
    ("notification_channel.subject_prefix", "subject_prefix"),
    ("notification_channel", "recipients"),
];

/// Nanodollars of a cent.
const CENT: i64 = 10_000_000;

/// The highest threshold, in dollars.
const MOST_DOLLARS: u64 = 1_000_000_000;

/// What is to be an alert.
pub fn terms(form: &Form) -> Result<SpendAlertTerms, Invalid> {
    const THRESHOLD: &str = "threshold_amount";
    let text = form.text("threshold").replace([',', '_', ' ', '$'], "");
    if text.is_empty() {
        return Err(Invalid::new(THRESHOLD, "Give an amount in dollars, such as 25.00."));
    }
    let nanos = parse_nanos(THRESHOLD, &text, MOST_DOLLARS)?;
    if nanos % CENT != 0 {
        return Err(Invalid::new(THRESHOLD, "A threshold is a number of whole cents, such as 25.00."));
    }
    let recipients = form.words("recipients");
    if recipients.is_empty() {
        return Err(Invalid::new("notification_channel", "Give at least one e-mail address."));
    }
    if let Some(wrong) = recipients.iter().find(|word| Email::parse("recipients", word).is_err()) {
        let message = format!("{wrong} is not an e-mail address such as ada@example.com.");
        return Err(Invalid::new("notification_channel", message));
    }
    SpendAlertTerms::check(nanos / CENT, &recipients, form.optional("subject_prefix"))
}

/// Shows an alert as it is in a form.
pub fn show(form: &mut Form, terms: &SpendAlertTerms) {
    form.set("threshold", dollars(terms.threshold_nanos()));
    form.set("recipients", lines(terms));
    form.set("subject_prefix", terms.subject_prefix.as_deref().unwrap_or_default());
}

fn lines(terms: &SpendAlertTerms) -> String {
    terms.recipients.iter().map(Email::as_str).collect::<Vec<_>>().join("\n")
}

/// In a few words: `$25.00 a month`.
pub fn summary(terms: &SpendAlertTerms) -> String {
    format!("${} a month", dollars(terms.threshold_nanos()))
}

/// Whom it tells, in a few words: `ada@example.com and 2 more`.
pub fn told(terms: &SpendAlertTerms) -> String {
    match terms.recipients.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_addresses_are_read_as_people_write_them() {
        let read = |text: &str| terms(&Form::read(text.as_bytes()).unwrap());
        let to = "recipients=ada%40example.com%0D%0Agrace%40example.com";
        let alert = read(&format!("threshold=%241%2C000.50&{to}&subject_prefix=+")).unwrap();
        assert_eq!((alert.threshold_cents, alert.subject_prefix.clone()), (100_050, None));
        assert_eq!(
            (summary(&alert).as_str(), told(&alert).as_str()),
            ("$1000.50 a month", "ada@example.com and 1 more")
        );
        let mut form = Form::default();
        show(&mut form, &alert);
        assert_eq!(terms(&form).unwrap(), alert);
        for (wrong, param) in [
            (format!("threshold=&{to}"), "threshold_amount"),
            (format!("threshold=-1&{to}"), "threshold_amount"),
            (format!("threshold=0.005&{to}"), "threshold_amount"),
            ("threshold=5&recipients=".to_owned(), "notification_channel"),
            ("threshold=5&recipients=ada".to_owned(), "notification_channel"),
            (format!("threshold=5&{to}&subject_prefix=a%0Ab"), "notification_channel.subject_prefix"),
        ] {
            assert_eq!(read(&wrong).unwrap_err().param, param, "{wrong}");
        }
    }
}
