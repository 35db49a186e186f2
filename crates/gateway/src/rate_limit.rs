//! What a caller is told of their rate limits: OpenAI's headers and Anthropic's,
//! on answers and on refusals.
//!
//! Formats: <https://platform.openai.com/docs/guides/rate-limits> (reset times
//! such as `1m6.2s`), <https://docs.anthropic.com/en/api/rate-limits> (reset
//! times in RFC 3339).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use keyward_access::RateLimited;
use keyward_domain::{
    Timestamp,
    limit::{Gauge, Standing},
    provider::Dialect,
};

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
/// What a caller waits for another call to end before they ask again.
const A_CALL: Duration = Duration::from_secs(1);

/// Puts on an answer how the limits stand that apply to the call.
pub(crate) fn tell(standing: &Standing, dialect: Dialect, now: Timestamp, headers: &mut HeaderMap) {
    let all = [("requests", standing.requests), ("tokens", standing.tokens)];
    for (what, gauge) in all.into_iter().filter_map(|(what, gauge)| Some((what, gauge?))) {
        let Gauge { limit, remaining, until_full } = gauge;
        let [name_of_limit, name_of_remaining, name_of_reset] = match dialect {
            Dialect::OpenAi => ["limit", "remaining", "reset"].map(|field| format!("x-ratelimit-{field}-{what}")),
            Dialect::Anthropic => {
                ["limit", "remaining", "reset"].map(|field| format!("anthropic-ratelimit-{what}-{field}"))
            }
        };
        let reset = match dialect {
            Dialect::OpenAi => duration(until_full),
            Dialect::Anthropic => moment(now, until_full),
        };
        put(headers, &name_of_limit, &limit.to_string());
        put(headers, &name_of_remaining, &remaining.to_string());
        put(headers, &name_of_reset, &reset);
    }
}

/// Puts on a refusal when to ask again, and how the limits stand.
pub(crate) fn tell_when(limited: &RateLimited, dialect: Dialect, now: Timestamp, headers: &mut HeaderMap) {
    let wait = limited.exceeded.wait.unwrap_or(A_CALL);
    let milliseconds = wait.as_nanos().div_ceil(1_000_000);
    put(headers, header::RETRY_AFTER.as_str(), &milliseconds.div_ceil(1000).to_string());
    put(headers, RETRY_AFTER_MS.as_str(), &milliseconds.to_string());
    tell(&limited.standing, dialect, now, headers);
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}

/// As OpenAI writes it: `20ms`, `6.5s`, `1m0s`.
fn duration(time: Duration) -> String {
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
    let seconds = || {
        let text = format!("{}.{:03}", rest / 1000, rest % 1000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match (minutes, rest) {
        (0, 0) => "0s".to_owned(),
        (0, 1..1000) => format!("{rest}ms"),
        (0, _) => format!("{}s", seconds()),
        _ => format!("{minutes}m{}s", seconds()),
    }
}

/// RFC 3339 in whole seconds, rounded up.
fn moment(now: Timestamp, time: Duration) -> String {
    let nanoseconds = now.as_nanosecond().saturating_add(i128::try_from(time.as_nanos()).unwrap_or(i128::MAX));
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    let second = seconds.saturating_add(i64::from(nanoseconds.rem_euclid(1_000_000_000) > 0));
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_openai_writes_them() {
        for (milliseconds, text) in [
            (0, "0s"),
            (20, "20ms"),
            (1000, "1s"),
            (6500, "6.5s"),
            (60_000, "1m0s"),
            (66_200, "1m6.2s"),
            (3_600_000, "60m0s"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(duration(Duration::from_nanos(1)), "1ms");
    }

    #[test]
    fn each_dialect_gets_its_own_headers() {
        let gauge = Gauge { limit: 10, remaining: 7, until_full: Duration::from_millis(18_500) };
        let standing = Standing { requests: Some(gauge), tokens: None };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let told = |dialect| {
            let mut headers = HeaderMap::new();
            tell(&standing, dialect, now, &mut headers);
            let mut told: Vec<_> =
                headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            told.sort();
            told
        };
        assert_eq!(
            told(Dialect::OpenAi),
            [
                "x-ratelimit-limit-requests: 10",
                "x-ratelimit-remaining-requests: 7",
                "x-ratelimit-reset-requests: 18.5s"
            ]
        );
        assert_eq!(
            told(Dialect::Anthropic),
            [
                "anthropic-ratelimit-requests-limit: 10",
                "anthropic-ratelimit-requests-remaining: 7",
                "anthropic-ratelimit-requests-reset: 2027-01-15T08:00:19Z"
            ]
        );
    }
}
