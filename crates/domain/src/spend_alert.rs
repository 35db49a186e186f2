//! Spend alerts: whom to tell by mail once the calls of a project, or of the whole
//! organization, have cost a number of cents in a calendar month. An alert tells
//! and holds nothing back; that is what budgets do.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Invalid,
    budget::{BudgetWindow, Period, TimeZoneName},
    clock::{from_millis, to_millis},
    id::{AlertMailId, OrganizationId, ProjectId, SpendAlertId},
    name::free_text,
    organization::Email,
};

/// Most alerts of a project, and of the organization itself.
pub const MAX_ALERTS: i64 = 50;

/// Most people whom one alert tells.
pub const MAX_RECIPIENTS: usize = 20;

/// Longest prefix of a subject, in characters.
pub const MAX_PREFIX_CHARS: usize = 100;

/// The highest threshold, in cents: a billion dollars.
const MOST_CENTS: i64 = 100_000_000_000;

/// Nanodollars of a cent.
const CENT: i64 = 10_000_000;

/// How long after its month a mail may still go out, in milliseconds: three days
/// since it was written, if the mail server was away.
const LATE_MS: i64 = 3 * 24 * 3600 * 1000;

/// How long after a month's end its last calls may still be counted, in
/// milliseconds.
const LATE_CALLS_MS: i64 = 3600 * 1000;

/// The calendar month of a moment, in UTC.
pub fn month(at: Timestamp) -> Period {
    BudgetWindow::Month.period(&TimeZoneName::default(), to_millis(at))
}

/// The months that may be told of at a moment, the older first: the present one,
/// and in its first hour the one before, whose last calls may just be counted.
pub fn months(now: Timestamp) -> Vec<Period> {
    let present = month(now);
    let before = month(from_millis(to_millis(now).saturating_sub(LATE_CALLS_MS)));
    if before == present { vec![present] } else { vec![before, present] }
}

/// What a month is called: `November 2026`.
pub fn month_name(month: Period) -> String {
    from_millis(month.start_ms).to_zoned(TimeZone::UTC).strftime("%B %Y").to_string()
}

/// Until when a mail about a month may go out that is written now.
pub fn sendable_until(month: Period, now: Timestamp) -> Timestamp {
    from_millis(month.end_ms.max(to_millis(now).saturating_add(LATE_MS)))
}

/// What an alert is: from how much on it tells whom, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpendAlertTerms {
    /// How much calls cost in a month when it tells, in cents.
    pub threshold_cents: i64,
    /// Whom it tells: at least one, none twice.
    pub recipients: Vec<Email>,
    /// What the mails' subjects start with.
    pub subject_prefix: Option<String>,
}

impl SpendAlertTerms {
    /// Checks what somebody wants. Refusals name the specification's fields.
    pub fn check(threshold: i64, recipients: &[String], prefix: Option<&str>) -> Result<Self, Invalid> {
        if !(0..=MOST_CENTS).contains(&threshold) {
            let message = format!("threshold_amount must be 0 to {MOST_CENTS} cents.");
            return Err(Invalid::new("threshold_amount", message));
        }
        let subject_prefix = prefix.map(str::trim).filter(|prefix| !prefix.is_empty());
        if let Some(prefix) = subject_prefix {
            free_text("notification_channel.subject_prefix", prefix, MAX_PREFIX_CHARS)?;
        }
        Ok(Self {
            threshold_cents: threshold,
            recipients: Self::check_recipients(recipients)?,
            subject_prefix: subject_prefix.map(str::to_owned),
        })
    }

    fn check_recipients(texts: &[String]) -> Result<Vec<Email>, Invalid> {
        const PARAM: &str = "notification_channel.recipients";
        if !(1..=MAX_RECIPIENTS).contains(&texts.len()) {
            let message = format!("{PARAM} has {}: 1 to {MAX_RECIPIENTS} e-mail addresses are possible.", texts.len());
            return Err(Invalid::new(PARAM, message));
        }
        let mut recipients = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let param = format!("{PARAM}[{at}]");
            let email = Email::parse(&param, text)?;
            if recipients.contains(&email) {
                return Err(Invalid::new(param, format!("{email} stands twice among the recipients: name it once.")));
            }
            recipients.push(email);
        }
        Ok(recipients)
    }

    /// The threshold in nanodollars.
    pub const fn threshold_nanos(&self) -> i64 {
        self.threshold_cents.saturating_mul(CENT)
    }

    /// Whether so many nanodollars reach it. A threshold of nothing is reached by
    /// the first call that costs something.
    pub const fn is_reached_by(&self, spent_nanos: i64) -> bool {
        spent_nanos > 0 && spent_nanos >= self.threshold_nanos()
    }
}

/// Whole cents of nanodollars that were spent: the highest threshold that they
/// reach, if any.
pub const fn reached_cents(spent_nanos: i64) -> Option<i64> {
    if spent_nanos > 0 { Some(spent_nanos / CENT) } else { None }
}

/// Whose cost an alert watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Watched {
    /// The organization.
    pub organization: OrganizationId,
    /// One project of it; `None`: all together.
    pub project: Option<ProjectId>,
}

impl Watched {
    /// Under which id the alerts of the same project or organization are found.
    pub const fn holder(&self) -> Uuid {
        match self.project {
            Some(project) => project.uuid(),
            None => self.organization.uuid(),
        }
    }
}

/// A spend alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpendAlert {
    /// Its id.
    pub id: SpendAlertId,
    /// Whose cost it watches.
    #[serde(skip)]
    pub watched: Watched,
    /// What it is.
    #[serde(flatten)]
    pub terms: SpendAlertTerms,
    /// Where the last month begins in which it was reached, in milliseconds since
    /// 1970: it isn't told of once more. 0: never, or armed anew.
    #[serde(skip)]
    pub reached_month_ms: i64,
    /// When a mail of it was last handed to the mail server.
    #[serde(skip)]
    pub last_notified_at: Option<Timestamp>,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

impl SpendAlert {
    /// Takes in what is spent in `month` as it is made or changed. Answers whether
    /// it is reached by that just now: it tells once a month, and is armed anew by
    /// a threshold that isn't reached yet.
    pub const fn take_in(&mut self, month: Period, spent_nanos: i64) -> bool {
        let was_reached = self.reached_month_ms == month.start_ms;
        let is_reached = self.terms.is_reached_by(spent_nanos);
        if is_reached {
            self.reached_month_ms = month.start_ms;
        } else if was_reached {
            self.reached_month_ms = 0;
        }
        is_reached && !was_reached
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// A mail about an alert that waits to be sent. It outlives the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertMail {
    /// Its id, by which whoever gets it twice knows it again.
    pub id: AlertMailId,
    /// Whose.
    pub organization: OrganizationId,
    /// About which alert.
    pub alert: SpendAlertId,
    /// Who gets it.
    pub recipient: Email,
    /// Its subject, on one line.
    pub subject: String,
    /// What it says; it holds no secret.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When to try it next.
    pub due_at: Timestamp,
    /// Until when it makes sense.
    pub expires_at: Timestamp,
    /// How often it was tried.
    pub tries: i64,
}

/// How long a mail waits that was tried `tries` times, in seconds. A refusal for
/// good often lies in the sender's settings, so it isn't the end.
pub fn pause_seconds(tries: i64, is_final: bool) -> i64 {
    let (first, longest) = if is_final { (3600, 24 * 3600) } else { (15, 15 * 60) };
    let doublings = u32::try_from((tries - 1).clamp(0, 20)).unwrap_or(0);
    (first << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(threshold: i64) -> SpendAlertTerms {
        SpendAlertTerms::check(threshold, &["ada@example.com".to_owned()], None).unwrap()
    }

    fn alert(threshold: i64) -> SpendAlert {
        SpendAlert {
            id: SpendAlertId::from_uuid(Uuid::nil()),
            watched: Watched { organization: OrganizationId::from_uuid(Uuid::nil()), project: None },
            terms: terms(threshold),
            reached_month_ms: 0,
            last_notified_at: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            version: 1,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn recipients_are_one_to_twenty_addresses_none_of_them_twice() {
        let check = |recipients: &[&str]| {
            let recipients: Vec<_> = recipients.iter().map(|text| (*text).to_owned()).collect();
            SpendAlertTerms::check(1, &recipients, None)
        };
        let kept = check(&[" Ada@Example.com ", "grace@example.com"]).unwrap();
        assert_eq!(
            kept.recipients.iter().map(Email::as_str).collect::<Vec<_>>(),
            ["ada@example.com", "grace@example.com"]
        );
        for (wrong, param) in [
            (&[][..], "notification_channel.recipients"),
            (&["ada@example.com", "ada"], "notification_channel.recipients[1]"),
            (&["ada@example.com\r\nBcc: eve@example.com"], "notification_channel.recipients[0]"),
            (&["ada@example.com", "ADA@example.com"], "notification_channel.recipients[1]"),
        ] {
            assert_eq!(check(wrong).unwrap_err().param, param, "{wrong:?}");
        }
        let many: Vec<_> = (0..21).map(|number| format!("{number}@example.com")).collect();
        assert!(SpendAlertTerms::check(1, &many[..20], None).is_ok());
        assert_eq!(SpendAlertTerms::check(1, &many, None).unwrap_err().param, "notification_channel.recipients");
    }

    #[test]
    fn a_subject_prefix_is_one_printable_line() {
        let check = |prefix: &str| {
            let terms = SpendAlertTerms::check(1, &["ada@example.com".to_owned()], Some(prefix))?;
            Ok::<_, Invalid>(terms.subject_prefix)
        };
        assert_eq!(check("  [Keyward] ").unwrap().as_deref(), Some("[Keyward]"));
        assert_eq!(check("  ").unwrap(), None);
        assert!(check(&"é".repeat(100)).is_ok());
        for wrong in ["a\nBcc: eve@example.com", "a\rb", "a\0b", "a\u{2028}b", &"x".repeat(101)] {
            assert_eq!(check(wrong).unwrap_err().param, "notification_channel.subject_prefix", "{wrong:?}");
        }
    }

    #[test]
    fn a_threshold_is_nothing_to_a_billion_dollars() {
        let check = |cents| SpendAlertTerms::check(cents, &["ada@example.com".to_owned()], None);
        assert_eq!(check(100_000_000_000).unwrap().threshold_nanos(), 1_000_000_000_000_000_000);
        for wrong in [-1, i64::MIN, 100_000_000_001, i64::MAX] {
            assert_eq!(check(wrong).unwrap_err().param, "threshold_amount", "{wrong}");
        }
    }

    #[test]
    fn it_is_reached_to_the_nanodollar_and_by_no_cost_at_all_never() {
        assert!(terms(1).is_reached_by(10_000_000) && !terms(1).is_reached_by(9_999_999));
        assert!(terms(0).is_reached_by(1) && !terms(0).is_reached_by(0));
    }

    #[test]
    fn an_alert_tells_once_a_month_and_a_higher_threshold_arms_it_anew() {
        let (november, december) = (month(at("2026-11-22T09:00:00Z")), month(at("2026-12-01T00:00:00Z")));
        let mut alert = alert(100);
        assert!(!alert.take_in(november, 999_999_999));
        assert!(alert.take_in(november, 1_000_000_000));
        assert!(!alert.take_in(november, 2_000_000_000), "it was told");
        alert.terms = terms(50);
        assert!(!alert.take_in(november, 2_000_000_000), "a lower threshold doesn't tell again");
        alert.terms = terms(150);
        assert!(!alert.take_in(november, 2_000_000_000), "a higher one that is reached, too, neither");
        alert.terms = terms(300);
        assert!(!alert.take_in(november, 2_000_000_000) && alert.reached_month_ms == 0);
        assert!(alert.take_in(november, 3_000_000_000), "a threshold ahead is a new one");
        assert!(alert.take_in(december, 3_000_000_000), "so is a new month");
    }

    #[test]
    fn months_are_calendar_months_of_utc_and_the_last_one_is_remembered_for_an_hour() {
        let starts = |moment: &str| {
            let months = months(at(moment));
            months.into_iter().map(|month| from_millis(month.start_ms).to_string()).collect::<Vec<_>>()
        };
        assert_eq!(starts("2026-12-01T00:59:59Z"), ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]);
        assert_eq!(starts("2026-12-01T01:00:00Z"), ["2026-12-01T00:00:00Z"]);
        assert_eq!(starts("2026-11-30T23:59:59Z"), ["2026-11-01T00:00:00Z"]);
        assert_eq!(month_name(month(at("2026-11-22T09:00:00Z"))), "November 2026");
    }

    #[test]
    fn a_mail_waits_for_its_months_end_or_three_days() {
        let until = |moment: &str| sendable_until(month(at(moment)), at(moment)).to_string();
        assert_eq!(until("2026-11-22T09:00:00Z"), "2026-12-01T00:00:00Z");
        assert_eq!(until("2026-11-30T23:00:00Z"), "2026-12-03T23:00:00Z");
    }

    #[test]
    fn further_tries_come_later_and_later() {
        let pauses = |is_final| (0..9).map(|tries| pause_seconds(tries, is_final)).collect::<Vec<_>>();
        assert_eq!(pauses(false), [15, 15, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(pauses(true), [3600, 3600, 7200, 14_400, 28_800, 57_600, 86_400, 86_400, 86_400]);
        assert_eq!(pause_seconds(i64::MAX, true), 86_400);
    }

    proptest! {
        #[test]
        fn whole_cents_reach_just_the_thresholds_that_the_sum_reaches(
            spent in 0_i64..2_000_000_000_000, threshold in 0_i64..300_000,
        ) {
            let by_cents = reached_cents(spent).is_some_and(|cents| threshold <= cents);
            prop_assert_eq!(by_cents, terms(threshold).is_reached_by(spent));
        }
    }
}
