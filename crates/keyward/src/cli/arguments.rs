//! How arguments are read: ids, durations, moments, pairs, secrets. Only what
//! can't be sent at all is refused here; what is allowed the API knows.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use keyward_domain::{Timestamp, permission::Permission, provider::Provider};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{failure::Failure, shell::Shell};

/// An id that can stand in a path as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(String);

impl FromStr for Id {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if is_one { Ok(Self(text.to_owned())) } else { Err("not an id: `list` shows the ids") }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads `30d`, `12h`, `45m`, `90s` or `3600` as seconds.
pub(super) fn duration(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "not a duration: give 30d, 12h, 45m, 90s, or seconds";
    let (count, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (text.get(..at), 1),
        Some((at, 'm')) => (text.get(..at), 60),
        Some((at, 'h')) => (text.get(..at), 60 * 60),
        Some((at, 'd')) => (text.get(..at), 24 * 60 * 60),
        _ => (Some(text), 1),
    };
    let count = count.filter(|count| count.bytes().all(|byte| byte.is_ascii_digit())).ok_or(WRONG)?;
    count.parse::<i64>().ok().and_then(|count| count.checked_mul(unit)).ok_or(WRONG)
}

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    At(Timestamp),
    Ago(i64),
}

impl Moment {
    /// In Unix seconds.
    pub(super) fn seconds(self, now: Timestamp) -> i64 {
        match self {
            Self::At(moment) => moment.as_second(),
            Self::Ago(seconds) => now.as_second().saturating_sub(seconds),
        }
    }
}

/// Reads `2027-01-31`, `2027-01-31T12:00:00Z` or Unix seconds.
pub(super) fn moment(text: &str) -> Result<Timestamp, &'static str> {
    const WRONG: &str = "not a time: give 2027-01-31, 2027-01-31T12:00:00Z, or Unix seconds";
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).map_err(|_| WRONG);
    }
    text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).map_err(|_| WRONG)
}

/// Reads what [`moment`] reads, or `30d`, `12h`, `45m` for that long ago.
pub(super) fn moment_or_ago(text: &str) -> Result<Moment, &'static str> {
    if text.ends_with(|c: char| c.is_ascii_lowercase()) {
        return duration(text).map(Moment::Ago);
    }
    moment(text).map(Moment::At)
}

/// Reads `name=value`.
pub(super) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("not a pair: give name=value"),
    }
}

/// Pairs as a JSON object; a name given twice is a mistake.
pub(super) fn object(flag: &str, pairs: &[(String, String)]) -> Result<Value, Failure> {
    let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
    if map.len() < pairs.len() {
        return Err(Failure::Usage(format!("{flag} names the same thing twice.")));
    }
    Ok(map.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

/// Reads the name of a provider.
pub(super) fn provider() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Provider::ALL.iter().map(|provider| provider.as_str()))
}

/// Reads the name of a scope.
pub(super) fn scope() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(super::key_options::data_permissions().map(Permission::as_str))
}

/// Where a provider's secret comes from. Never from a flag's value: the list of
/// processes shows those to everybody on the machine.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct SecretSource {
    /// Read the provider's secret from standard input, one line
    #[arg(long)]
    pub(super) api_key_stdin: bool,
    /// Read the provider's secret from a file
    #[arg(long, value_name = "FILE")]
    pub(super) api_key_file: Option<PathBuf>,
}

impl SecretSource {
    /// The secret, if one is to be sent.
    pub(super) fn read(&self, shell: &mut Shell<'_>) -> Result<Option<SecretString>, Failure> {
        let secret = if let Some(file) = &self.api_key_file {
            let text = std::fs::read_to_string(file).map(SecretString::from);
            text.map_err(|error| Failure::Usage(format!("{} can't be read: {error}.", file.display())))?
        } else if self.api_key_stdin {
            if shell.interactive {
                shell.tell("Paste the provider's secret and press Enter:");
            }
            shell.line()?.into()
        } else {
            return Ok(None);
        };
        let secret = SecretString::from(secret.expose_secret().trim());
        if secret.expose_secret().is_empty() {
            return Err(Failure::Usage("There is no secret in what was read.".into()));
        }
        Ok(Some(secret))
    }
}

impl Shell<'_> {
    /// Asks on standard error, and reads the answer without the blanks around it.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        let _ = write!(self.errors, "{question}").and_then(|()| self.errors.flush());
        Ok(self.line()?.trim().to_owned())
    }

    /// One line of standard input; empty at its end.
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.input
            .read_line(&mut line)
            .map_err(|error| Failure::Failed(format!("Standard input can't be read: {error}.")))?;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_days_hours_minutes_and_seconds() {
        for (text, seconds) in
            [("30d", 2_592_000), ("12h", 43_200), ("45m", 2700), ("90s", 90), ("3600", 3600), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(seconds), "{text}");
        }
        for wrong in ["", "d", "1w", "-1d", "+1d", "1.5h", "1 d", "1D", "9223372036854775807d", "1дн", "１h"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn moments_are_days_instants_or_unix_seconds() {
        assert_eq!(moment("2027-01-31").unwrap().as_second(), 1_801_353_600);
        assert_eq!(moment("2027-01-31T12:00:00+02:00").unwrap().as_second(), 1_801_389_600);
        assert_eq!(moment("1801353600").unwrap().as_second(), 1_801_353_600);
        for wrong in ["", "tomorrow", "2027-02-30", "2027-01-31T12:00", "31.1.2027"] {
            assert!(moment(wrong).is_err(), "{wrong:?}");
        }
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(moment_or_ago("2h").unwrap().seconds(now), 992_800);
        assert_eq!(moment_or_ago("1970-01-02").unwrap().seconds(now), 86_400);
        assert!(moment_or_ago("soon").is_err());
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        assert!("key_0123abc".parse::<Id>().is_ok());
        for wrong in ["", "..", "a/b", "a?b", "a b", "a%2fb", "ключ", "a\n"] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn pairs_keep_everything_behind_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("ab").is_err());
        assert!(object("--metadata", &[("a".into(), "1".into()), ("a".into(), "2".into())]).is_err());
    }
}
