//! Moments as pages show them: how long ago, with the exact time behind it.

use std::fmt::{self, Display};

use jiff::tz::TimeZone;
use keyward_domain::Timestamp;

/// A moment, seen from now. Renders as a `<time>` element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    /// `at`, seen from `now`.
    pub const fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// How it is said: `3 minutes ago`, `in 2 days`.
    pub fn relative(self) -> String {
        let seconds = self.now.as_second() - self.at.as_second();
        let (is_past, distance) = (seconds >= 0, seconds.unsigned_abs());
        let (number, unit) = match distance {
            0..45 => return if is_past { "just now".into() } else { "in a moment".into() },
            45..2700 => (rounded(distance, 60), "minute"),
            2700..79_200 => (rounded(distance, 3600), "hour"),
            79_200..2_246_400 => (rounded(distance, 86_400), "day"),
            2_246_400..31_536_000 => (rounded(distance, 2_629_800), "month"),
            _ => (rounded(distance, 31_557_600), "year"),
        };
        let plural = if number == 1 { "" } else { "s" };
        if is_past { format!("{number} {unit}{plural} ago") } else { format!("in {number} {unit}{plural}") }
    }
}

fn rounded(distance: u64, unit: u64) -> u64 {
    ((distance + unit / 2) / unit).max(1)
}

/// `2026-11-21 19:06:20 UTC`
pub fn exact(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        write!(f, r#"<time datetime="{machine}" title="{}">{}</time>"#, exact(self.at), self.relative())
    }
}

/// It escapes nothing because it holds nothing but times.
impl askama::filters::HtmlSafe for When {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_said_as_people_say_them() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let said = |seconds: i64| When::new(Timestamp::from_second(1_800_000_000 + seconds).unwrap(), now).relative();
        for (seconds, text) in [
            (0, "just now"),
            (-44, "just now"),
            (30, "in a moment"),
            (-60, "1 minute ago"),
            (-2699, "45 minutes ago"),
            (-3600, "1 hour ago"),
            (7200, "in 2 hours"),
            (-86_400, "1 day ago"),
            (-86_400 * 20, "20 days ago"),
            (86_400 * 90, "in 3 months"),
            (-86_400 * 800, "2 years ago"),
        ] {
            assert_eq!(said(seconds), text, "{seconds}");
        }
        let shown = When::new(now, now).to_string();
        assert_eq!(shown, r#"<time datetime="2027-01-15T08:00:00Z" title="2027-01-15 08:00:00 UTC">just now</time>"#);
    }
}
