//! The fields of a key's form.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use keyward_domain::{
    Invalid, Timestamp,
    api_key::{
        AccessPatch, ApiKey, KeyAccess, expiry_after, parse_environment, parse_expiry, parse_max_requests,
        parse_metadata,
    },
    limit::LimitsPatch,
    model::ModelPatterns,
    permission::PermissionSet,
};

use crate::{
    form::Form,
    pages::{budgets::fields as budgets, limits::fields as limits},
};

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("status", "status"),
    ("expires_at", "expires_on"),
    ("expires_in_seconds", "expires_on"),
    ("max_requests", "max_requests"),
    ("scopes", "scopes"),
    ("allowed_models", "allowed_models"),
    ("allowed_ips", "allowed_ips"),
    ("allowed_origins", "allowed_origins"),
    ("requests_per_minute", "requests_per_minute"),
    ("tokens_per_minute", "tokens_per_minute"),
    ("parallel_requests", "parallel_requests"),
    ("limits.shadow", "requests_per_minute"),
    ("amount", "budget_amount"),
    ("window", "budget_window"),
    ("mode", "budget_mode"),
    ("time_zone", "budget_time_zone"),
    ("environment", "environment"),
    ("metadata", "metadata"),
];

/// Ends that are offered for a new key.
pub const ENDS: &[(&str, &str)] = &[
    ("", "Never"),
    ("604800", "In 7 days"),
    ("2592000", "In 30 days"),
    ("7776000", "In 90 days"),
    ("31536000", "In a year"),
    ("on", "On a date"),
];

/// Ends that are offered for a key that exists.
pub const NEW_ENDS: &[(&str, &str)] = &[
    ("keep", "As it is"),
    ("", "Never"),
    ("604800", "In 7 days from now"),
    ("2592000", "In 30 days from now"),
    ("7776000", "In 90 days from now"),
    ("31536000", "In a year from now"),
    ("on", "On a date"),
];

/// Every scope that a key can have.
pub fn scopes() -> Vec<&'static str> {
    PermissionSet::all_data().iter().map(keyward_domain::permission::Permission::as_str).collect()
}

/// When a key ends: `None` if that stays, `Some(None)` for never.
pub fn expiry(form: &Form, now: Timestamp) -> Result<Option<Option<Timestamp>>, Invalid> {
    match form.text("expires") {
        "keep" => Ok(None),
        "" => Ok(Some(None)),
        "on" => {
            let wrong = || Invalid::new("expires_at", "Choose the day on which the key is to end.");
            let day: Date = form.text("expires_on").parse().map_err(|_| wrong())?;
            let end = day.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp();
            parse_expiry(end, now).map(|end| Some(Some(end)))
        }
        seconds => {
            let seconds = seconds.parse().map_err(|_| Invalid::new("expires_at", "Choose when the key ends."))?;
            expiry_after(seconds, now).map(|end| Some(Some(end)))
        }
    }
}

/// The cap of calls, or none.
pub fn max_requests(form: &Form) -> Result<Option<u64>, Invalid> {
    let Some(text) = form.optional("max_requests") else { return Ok(None) };
    let text = text.replace([',', '_', ' '], "");
    let number = text.parse().map_err(|_| Invalid::new("max_requests", "Give a whole number of calls, or nothing."))?;
    parse_max_requests(number).map(Some)
}

/// A label, or none.
pub fn environment(form: &Form) -> Result<Option<String>, Invalid> {
    parse_environment(form.text("environment"))
}

/// All restrictions.
pub fn access(form: &Form) -> Result<AccessPatch, Invalid> {
    let scopes: Vec<String> = form.all("scopes").map(str::to_owned).collect();
    Ok(AccessPatch {
        scopes: Some(KeyAccess::parse_scopes(&scopes)?),
        allowed_models: Some(ModelPatterns::parse("allowed_models", form.words("allowed_models"))?),
        allowed_ips: Some(KeyAccess::parse_ips(&form.words("allowed_ips"))?),
        allowed_origins: Some(KeyAccess::parse_origins(&form.words("allowed_origins"))?),
        require_origin: Some(form.is_ticked("require_origin")),
        limits: LimitsPatch::from(limits::numbers(form)?),
        budget: Some(budgets::terms(form)?),
    })
}

/// Pairs of text, one a line: `team=search`.
pub fn metadata(form: &Form) -> Result<BTreeMap<String, String>, Invalid> {
    let mut pairs = BTreeMap::new();
    for line in form.text("metadata").lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| Invalid::new("metadata", "Write one pair a line, such as team=search."))?;
        pairs.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    parse_metadata(pairs)
}

/// A form that shows a key as it is.
pub fn filled(key: &ApiKey) -> Form {
    let lines = |words: Vec<String>| words.join("\n");
    let access = &key.access;
    let pairs = key.metadata.iter().map(|(name, value)| format!("{name}={value}"));
    let mut form = Form::filled([
        ("name", key.name.to_string()),
        ("status", if key.disabled { "disabled" } else { "active" }.to_owned()),
        ("expires", "keep".to_owned()),
        ("max_requests", key.max_requests.map(|most| most.to_string()).unwrap_or_default()),
        ("allowed_models", access.allowed_models.as_slice().join("\n")),
        ("allowed_ips", lines(access.allowed_ips.iter().map(ToString::to_string).collect())),
        ("allowed_origins", lines(access.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect())),
        ("environment", key.environment.clone().unwrap_or_default()),
        ("metadata", lines(pairs.collect())),
        ("version", key.version.to_string()),
    ]);
    for (field, number) in limits::shown(&access.limits) {
        form.set(field, number);
    }
    limits::tick(&mut form, &access.limits);
    if let Some(terms) = &access.budget {
        budgets::show(&mut form, terms);
    }
    access.scopes.iter().for_each(|scope| form.add("scopes", scope.as_str()));
    if access.require_origin {
        form.set("require_origin", "yes");
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read_as_they_mean_it() {
        let form = |text: &str| Form::read(text.as_bytes()).unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(max_requests(&form("max_requests=10%2C000")).unwrap(), Some(10_000));
        assert_eq!(max_requests(&form("max_requests=+")).unwrap(), None);
        for wrong in ["x", "1.5", "-1", "0"] {
            assert_eq!(max_requests(&form(&format!("max_requests={wrong}"))).unwrap_err().param, "max_requests");
        }
        assert_eq!(expiry(&form("expires=keep"), now).unwrap(), None);
        assert_eq!(expiry(&form("expires="), now).unwrap(), Some(None));
        let day = expiry(&form("expires=on&expires_on=2027-02-01"), now).unwrap().unwrap().unwrap();
        assert_eq!(day.to_string(), "2027-02-01T00:00:00Z");
        for wrong in ["on", "on&expires_on=2020-01-01", "soon", "on&expires_on=tomorrow"] {
            assert_eq!(expiry(&form(&format!("expires={wrong}")), now).unwrap_err().param, "expires_at", "{wrong}");
        }
        assert_eq!(metadata(&form("metadata=team%3Dsearch%0D%0A%0Aa+%3D+b")).unwrap().len(), 2);
        assert!(metadata(&form("metadata=team")).is_err());
    }
}
