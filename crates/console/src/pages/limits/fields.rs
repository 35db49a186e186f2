//! The fields of a limit's form, which a key's form has too.

use keyward_domain::{
    Invalid,
    limit::{Limits, ProjectLimit, parse_limit},
};

use crate::{form::Form, pages::parts::grouped};

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("model", "model"),
    ("requests_per_minute", "requests_per_minute"),
    ("tokens_per_minute", "tokens_per_minute"),
    ("parallel_requests", "parallel_requests"),
];

/// All numbers; an empty field is no limit of its kind.
pub fn numbers(form: &Form) -> Result<Limits, Invalid> {
    let number = |name: &str| {
        let Some(text) = form.optional(name) else { return Ok(None) };
        let text = text.replace([',', '_', ' '], "");
        let number = text.parse().map_err(|_| Invalid::new(name, "Give a whole number, or nothing for no limit."))?;
        parse_limit(name, number).map(Some)
    };
    Ok(Limits {
        requests_per_minute: number("requests_per_minute")?,
        tokens_per_minute: number("tokens_per_minute")?,
        parallel_requests: number("parallel_requests")?,
        shadow: form.is_ticked("limits_shadow"),
    })
}

/// The fields that show numbers as they are.
pub fn shown(limits: &Limits) -> [(&'static str, String); 3] {
    let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        ("requests_per_minute", text(limits.requests_per_minute)),
        ("tokens_per_minute", text(limits.tokens_per_minute)),
        ("parallel_requests", text(limits.parallel_requests)),
    ]
}

/// A form that shows a limit as it is.
pub fn filled(limit: &ProjectLimit) -> Form {
    let mut form = Form::filled(shown(&limit.limits));
    tick(&mut form, &limit.limits);
    form.set("model", limit.model.as_deref().unwrap_or_default());
    form.set("version", limit.version.to_string());
    form
}

/// Ticks the box of numbers that are in shadow mode.
pub fn tick(form: &mut Form, limits: &Limits) {
    if limits.shadow {
        form.set("limits_shadow", "yes");
    }
}

/// In a few words: `60 requests/min · 2 at a time`; empty without a limit.
pub fn summary(limits: &Limits) -> String {
    let part = |number: Option<u64>, unit: &str| number.map(|number| format!("{} {unit}", grouped(number)));
    let parts = [
        part(limits.requests_per_minute, "requests/min"),
        part(limits.tokens_per_minute, "tokens/min"),
        part(limits.parallel_requests, "at a time"),
        limits.shadow.then(|| "shadow mode".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |text: &str| numbers(&Form::read(text.as_bytes()).unwrap());
        let limits = read("requests_per_minute=1%2C000&tokens_per_minute=+&parallel_requests=2").unwrap();
        assert_eq!(summary(&limits), "1,000 requests/min · 2 at a time");
        assert_eq!(summary(&Limits::default()), "");
        let shadow = read("tokens_per_minute=5&limits_shadow=yes").unwrap();
        assert_eq!(summary(&shadow), "5 tokens/min · shadow mode");
        for wrong in ["x", "0", "-1", "1.5", "99999999999999999999"] {
            let invalid = read(&format!("tokens_per_minute={wrong}")).unwrap_err();
            assert_eq!(invalid.param, "tokens_per_minute", "{wrong}");
        }
    }
}
