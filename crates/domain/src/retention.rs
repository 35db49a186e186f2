//! How long data is kept: by class, for a number of days or forever.
//!
//! Days are whole days in UTC: what happened on a day goes once as many whole
//! days have passed since. So what a run would delete is the same all day long.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Invalid;

/// A kind of data with a retention of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataClass {
    /// The organization's audit log.
    AuditEvents,
}

impl DataClass {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 1] = [Self::AuditEvents];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditEvents => "audit_events",
        }
    }

    /// The class of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// For how many days at least.
    pub const fn min_days(self) -> u32 {
        match self {
            Self::AuditEvents => 30,
        }
    }

    /// For how many days at most, unless forever: a hundred years.
    pub const fn max_days(self) -> u32 {
        36_500
    }

    /// For how many days unless somebody decides otherwise.
    pub const fn default_days(self) -> u32 {
        match self {
            Self::AuditEvents => 365,
        }
    }
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// For so many days.
    Days(u32),
    /// For good.
    Forever,
}

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

impl Keep {
    /// What holds for a class until somebody decides.
    pub const fn default_of(class: DataClass) -> Self {
        Self::Days(class.default_days())
    }

    /// Reads the field `param`: days within what the class allows; `None` is
    /// forever.
    pub fn parse(param: &str, class: DataClass, days: Option<i64>) -> Result<Self, Invalid> {
        let Some(days) = days else { return Ok(Self::Forever) };
        let (min, max) = (class.min_days(), class.max_days());
        match u32::try_from(days) {
            Ok(days) if (min..=max).contains(&days) => Ok(Self::Days(days)),
            _ => {
                let message = format!("{class} are kept for {min} to {max} days, or forever: give null for that.");
                Err(Invalid::new(param, message))
            }
        }
    }

    /// For how many days; `None` is forever.
    pub const fn days(self) -> Option<u32> {
        match self {
            Self::Days(days) => Some(days),
            Self::Forever => None,
        }
    }

    /// What happened before this moment is to be deleted at `now`; `None`:
    /// nothing is.
    pub fn cut_off(self, now: Timestamp) -> Option<Timestamp> {
        let today = now.as_second().div_euclid(SECONDS_OF_A_DAY);
        let first_kept = today - i64::from(self.days()?);
        // Before the calendar begins there is nothing to delete either.
        Some(Timestamp::from_second(first_kept * SECONDS_OF_A_DAY).unwrap_or(Timestamp::MIN))
    }
}

impl std::fmt::Display for DataClass {
    /// For people, as it begins a sentence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AuditEvents => "Audit events",
        })
    }
}

/// What was decided, by class. A class that isn't named is at its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionSettings(BTreeMap<DataClass, Keep>);

impl RetentionSettings {
    /// Reads the list `param` of class names and days (`None` is forever).
    pub fn parse(param: &str, entries: Vec<(String, Option<i64>)>) -> Result<Self, Invalid> {
        let mut settings = Self::default();
        for (at, (name, days)) in entries.into_iter().enumerate() {
            let field = |field: &str| format!("{param}[{at}].{field}");
            let class = DataClass::parse(&name).ok_or_else(|| {
                let (shown, known) = (name.chars().take(80).collect::<String>(), DataClass::ALL.map(DataClass::as_str));
                Invalid::new(
                    field("class"),
                    format!("There is no class {shown:?} of data. Classes are: {}.", known.join(", ")),
                )
            })?;
            if settings.0.contains_key(&class) {
                let message = format!("{} stands twice in the list: name it once.", class.as_str());
                return Err(Invalid::new(field("class"), message));
            }
            settings.set(class, Keep::parse(&field("keep_days"), class, days)?);
        }
        Ok(settings)
    }

    /// How long a class is kept.
    pub fn keep(&self, class: DataClass) -> Keep {
        self.0.get(&class).copied().unwrap_or(Keep::default_of(class))
    }

    /// Decides on a class.
    pub fn set(&mut self, class: DataClass, keep: Keep) {
        self.0.insert(class, keep);
    }

    /// What was decided, by class.
    pub fn decided(&self) -> impl Iterator<Item = (DataClass, Keep)> {
        self.0.iter().map(|(class, keep)| (*class, *keep))
    }

    /// These, with what `others` decides put above them.
    pub fn with(mut self, others: &Self) -> Self {
        self.0.extend(&others.0);
        self
    }

    /// What the audit log keeps of it: every class, decided or not.
    pub fn state(&self) -> Value {
        let of = |class: DataClass| (class.as_str().to_owned(), json!({ "keep_days": self.keep(class).days() }));
        Value::Object(DataClass::ALL.into_iter().map(of).collect())
    }
}

/// The last time that data of a class was looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRun {
    /// When it began.
    pub started_at: Timestamp,
    /// How many things it deleted.
    pub deleted: i64,
    /// When the earliest of them happened; `None` if there was none.
    pub from: Option<Timestamp>,
    /// When the latest of them happened.
    pub to: Option<Timestamp>,
    /// Why it deleted nothing although there was something, for people.
    pub problem: Option<String>,
}

impl RetentionRun {
    /// One that has just begun.
    pub const fn begun(started_at: Timestamp) -> Self {
        Self { started_at, deleted: 0, from: None, to: None, problem: None }
    }

    /// Adds what was deleted: how many things, of between which moments.
    pub fn add(&mut self, count: i64, from: Timestamp, to: Timestamp) {
        self.deleted += count;
        self.from = Some(self.from.map_or(from, |earlier| earlier.min(from)));
        self.to = Some(self.to.map_or(to, |later| later.max(to)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLASS: DataClass = DataClass::AuditEvents;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn audit_events_are_kept_for_a_month_to_a_century_or_forever() {
        for (days, keep) in [
            (Some(30), Some(Keep::Days(30))),
            (Some(36_500), Some(Keep::Days(36_500))),
            (None, Some(Keep::Forever)),
            (Some(29), None),
            (Some(36_501), None),
            (Some(0), None),
            (Some(-30), None),
            (Some(i64::MAX), None),
            (Some(i64::MIN), None),
            (Some(4_294_967_296 + 30), None),
        ] {
            assert_eq!(Keep::parse("keep_days", CLASS, days).ok(), keep, "{days:?}");
        }
        let refused = Keep::parse("keep_days", CLASS, Some(7)).unwrap_err();
        assert_eq!((refused.param.as_str(), refused.code), ("keep_days", "invalid_value"));
        assert_eq!(refused.message, "Audit events are kept for 30 to 36500 days, or forever: give null for that.");
        assert_eq!(Keep::default_of(CLASS), Keep::Days(365));
    }

    #[test]
    fn a_day_goes_once_as_many_whole_days_have_passed() {
        let kept = Keep::Days(30);
        for (now, cut_off) in [
            ("2026-01-31T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2026-01-31T23:59:59.999Z", "2026-01-01T00:00:00Z"),
            ("2026-02-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("1970-01-01T00:00:01Z", "1969-12-02T00:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-01T00:00:00Z"),
        ] {
            assert_eq!(kept.cut_off(moment(now)), Some(moment(cut_off)), "{now}");
        }
        assert_eq!(Keep::Forever.cut_off(moment("2026-01-31T00:00:00Z")), None);
        assert_eq!(Keep::Days(36_500).cut_off(Timestamp::MIN), Some(Timestamp::MIN));
    }

    proptest! {
        #[test]
        fn nothing_goes_before_its_days_are_over_and_all_goes_a_day_later(
            days in 30_u32..=36_500,
            now in 0_i64..4_000_000_000,
        ) {
            let cut_off = Keep::Days(days).cut_off(Timestamp::from_second(now).unwrap()).unwrap().as_second();
            let age = now - cut_off;
            prop_assert!(age >= i64::from(days) * SECONDS_OF_A_DAY);
            prop_assert!(age < (i64::from(days) + 1) * SECONDS_OF_A_DAY);
        }

        #[test]
        fn time_never_brings_anything_back(days in 30_u32..=36_500, now in 0_i64..4_000_000_000, later in 0_i64..400_000_000) {
            let at = |second| Keep::Days(days).cut_off(Timestamp::from_second(second).unwrap());
            prop_assert!(at(now) <= at(now + later));
        }
    }

    #[test]
    fn every_mistake_in_a_list_names_its_place() {
        let parse = |entries: &[(&str, Option<i64>)]| {
            RetentionSettings::parse("classes", entries.iter().map(|(name, days)| ((*name).into(), *days)).collect())
        };
        assert_eq!(parse(&[]), Ok(RetentionSettings::default()));
        assert_eq!(parse(&[("audit_events", Some(90))]).unwrap().keep(CLASS), Keep::Days(90));
        assert_eq!(parse(&[("audit_events", None)]).unwrap().keep(CLASS), Keep::Forever);
        for (entries, param) in [
            (&[("spans", Some(90))][..], "classes[0].class"),
            (&[("", None)], "classes[0].class"),
            (&[("audit_events", Some(90)), ("audit_events", Some(90))], "classes[1].class"),
            (&[("audit_events", Some(1))], "classes[0].keep_days"),
        ] {
            assert_eq!(parse(entries).unwrap_err().param, param, "{entries:?}");
        }
    }

    #[test]
    fn what_is_not_decided_is_at_its_default() {
        let mut settings = RetentionSettings::default();
        assert_eq!(settings.state(), json!({"audit_events": {"keep_days": 365}}));
        let forever = RetentionSettings::parse("classes", vec![("audit_events".into(), None)]).unwrap();
        assert_eq!(settings.clone().with(&forever).state(), json!({"audit_events": {"keep_days": null}}));
        assert_eq!(forever.clone().with(&settings), forever);
        settings.set(CLASS, Keep::Days(40));
        assert_eq!(forever.with(&settings), settings);
    }

    #[test]
    fn a_run_adds_up_what_it_deletes() {
        let mut run = RetentionRun::begun(moment("2026-01-31T00:00:00Z"));
        run.add(2, moment("2025-01-02T00:00:00Z"), moment("2025-01-03T00:00:00Z"));
        run.add(3, moment("2025-01-01T00:00:00Z"), moment("2025-01-02T00:00:00Z"));
        let expected = (5, Some(moment("2025-01-01T00:00:00Z")), Some(moment("2025-01-03T00:00:00Z")));
        assert_eq!((run.deleted, run.from, run.to), expected);
    }
}
