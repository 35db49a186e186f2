//! The time in which a budget counts: a calendar day, week or month somewhere in
//! the world, or all time.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Invalid,
    clock::{from_millis, to_millis},
};

/// After which time a budget begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetWindow {
    /// At midnight.
    Day,
    /// At midnight before Monday.
    Week,
    /// At midnight before the first.
    #[default]
    Month,
    /// Never.
    Total,
}

/// From when until when a budget counts, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start_ms: i64,
    /// The first moment of the next one; `i64::MAX` where there is none.
    pub end_ms: i64,
}

impl BudgetWindow {
    /// Every window.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Total];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|window| window.as_str() == text);
        found.ok_or_else(|| Invalid::new(param, format!("{param} is \"day\", \"week\", \"month\" or \"total\".")))
    }

    /// The period that a moment is in.
    pub fn period(self, zone: &TimeZoneName, at_ms: i64) -> Period {
        let always = Period { start_ms: 0, end_ms: i64::MAX };
        let day = from_millis(at_ms).to_zoned(zone.zone.clone()).date();
        let first = match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = i64::from(day.weekday().since(Weekday::Monday));
                day.saturating_sub(since_monday.days())
            }
            Self::Month => day.first_of_month(),
            Self::Total => return always,
        };
        let next = match self {
            Self::Day => first.saturating_add(1.day()),
            Self::Week => first.saturating_add(7.days()),
            Self::Month | Self::Total => first.saturating_add(1.month()),
        };
        let begin = |day: Date| day.to_zoned(zone.zone.clone()).map(|at| to_millis(at.timestamp()));
        match (begin(first), begin(next)) {
            (Ok(start_ms), Ok(end_ms)) => Period { start_ms, end_ms },
            // Beyond the calendar: nothing begins anew any more.
            _ => always,
        }
    }
}

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone)]
pub struct TimeZoneName {
    name: String,
    zone: TimeZone,
}

impl TimeZoneName {
    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let known = (text.len() <= 64).then(|| TimeZone::get(text).ok()).flatten();
        let named = known.and_then(|zone| Some(Self { name: zone.iana_name()?.to_owned(), zone }));
        named.ok_or_else(|| {
            Invalid::new(param, format!("{param} is the name of a time zone, such as \"UTC\" or \"Europe/Berlin\"."))
        })
    }

    /// A name that was read from storage. One that isn't known any more counts
    /// in UTC.
    pub fn stored(name: String) -> Self {
        let zone = TimeZone::get(&name).unwrap_or(TimeZone::UTC);
        Self { name, zone }
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }
}

impl PartialEq for TimeZoneName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZoneName {}

impl Serialize for TimeZoneName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for TimeZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::stored(String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        to_millis(text.parse::<Timestamp>().unwrap())
    }

    fn period(window: BudgetWindow, zone: &str, moment: &str) -> (String, String) {
        let zone = TimeZoneName::parse("time_zone", zone).unwrap();
        let Period { start_ms, end_ms } = window.period(&zone, at(moment));
        (from_millis(start_ms).to_string(), from_millis(end_ms).to_string())
    }

    #[test]
    fn periods_begin_at_midnight_of_their_time_zone() {
        for (window, zone, moment, start, end) in [
            (BudgetWindow::Day, "UTC", "2026-11-22T05:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
            (BudgetWindow::Day, "Asia/Kolkata", "2026-11-22T18:29:59Z", "2026-11-21T18:30:00Z", "2026-11-22T18:30:00Z"),
            // The day on which Berlin's clocks go back is 25 hours long.
            (
                BudgetWindow::Day,
                "Europe/Berlin",
                "2026-10-25T12:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
            // A Sunday is the end of a week.
            (BudgetWindow::Week, "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (
                BudgetWindow::Month,
                "America/New_York",
                "2026-12-01T04:59:59Z",
                "2026-11-01T04:00:00Z",
                "2026-12-01T05:00:00Z",
            ),
        ] {
            assert_eq!(period(window, zone, moment), (start.to_owned(), end.to_owned()), "{zone} {moment}");
        }
    }

    #[test]
    fn all_time_is_one_period() {
        let whole = Period { start_ms: 0, end_ms: i64::MAX };
        assert_eq!(BudgetWindow::Total.period(&TimeZoneName::default(), at("2026-11-22T05:00:00Z")), whole);
    }

    #[test]
    fn time_zones_are_names_that_the_database_knows() {
        assert_eq!(TimeZoneName::parse("time_zone", " europe/berlin ").unwrap().as_str(), "Europe/Berlin");
        for wrong in ["", "Berlin", "+01:00", "Europe/Nowhere", "../etc/passwd"] {
            assert_eq!(TimeZoneName::parse("time_zone", wrong).unwrap_err().param, "time_zone", "{wrong}");
        }
        assert_eq!(TimeZoneName::stored("Gone/Zone".into()).as_str(), "Gone/Zone");
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_period_and_periods_follow_each_other(
            at_ms in 0_i64..4_000_000_000_000, window in 0_usize..3, zone in 0_usize..4,
        ) {
            let window = BudgetWindow::ALL[window];
            let zone = ["UTC", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"][zone];
            let zone = TimeZoneName::parse("time_zone", zone).unwrap();
            let period = window.period(&zone, at_ms);
            prop_assert!(period.start_ms <= at_ms && at_ms < period.end_ms);
            prop_assert_eq!(window.period(&zone, period.start_ms), period);
            prop_assert_eq!(window.period(&zone, period.end_ms).start_ms, period.end_ms);
        }
    }
}
