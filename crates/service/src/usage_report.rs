//! What an organization's calls used and cost, by time and by what is asked for.
//! Whoever may read the usage of some projects only sees those.

use keyward_domain::{
    Invalid, Timestamp, actor::Actor, id::ProjectId, permission::Permission, role::Scope, usage::CallKind,
};
pub use keyward_store::{
    usage_rollup::Amounts,
    usage_sums::{Grouping, Sum},
};
use keyward_store::{
    usage_rollup::Width,
    usage_sums::{self, SumQuery},
};

use crate::{Keyward, Result, usage::MINUTES_KEPT_MS};

/// Most values of one filter.
const MAX_VALUES: usize = 100;

/// Most sums of one report.
const MAX_SUMS: usize = 20_000;

/// Longer than all times, in seconds.
const WHOLE: i64 = 1_000_000_000_000;

/// The length of a report's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Minutes, of the last eight days.
    Minute,
    /// Hours.
    Hour,
    /// Days, in UTC.
    Day,
}

impl Step {
    /// In seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// How many times a page has unless it is said, and at most.
    pub const fn limits(self) -> (i64, i64) {
        match self {
            Self::Minute => (60, 1440),
            Self::Hour => (24, 168),
            Self::Day => (7, 31),
        }
    }

    /// The same for costs, which come by the day.
    const fn most(self, command: &ReportUsage) -> i64 {
        if command.is_cost { 180 } else { self.limits().1 }
    }

    const fn width(self) -> Width {
        match self {
            Self::Minute => Width::Minute,
            Self::Hour | Self::Day => Width::Hour,
        }
    }
}

/// What is asked for. Empty lists ask for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportUsage {
    /// From when on, in Unix seconds; the time that it lies in is there as a whole.
    pub start: i64,
    /// Until when, in Unix seconds; `None`: until now.
    pub end: Option<i64>,
    /// The length of the report's times.
    pub step: Step,
    /// How many of them on one page; `None`: the usual number.
    pub limit: Option<i64>,
    /// The page, as the one before named it.
    pub page: Option<String>,
    /// Of one kind of calls; `None`: of all.
    pub kind: Option<CallKind>,
    /// Whether it is a report of costs, which may have more days.
    pub is_cost: bool,
    /// By what sums are told apart.
    pub grouping: Grouping,
    /// In these projects.
    pub project_ids: Vec<String>,
    /// With keys that these users made.
    pub user_ids: Vec<String>,
    /// With these keys.
    pub api_key_ids: Vec<String>,
    /// Of these models.
    pub models: Vec<String>,
    /// Only what was part of a batch, or wasn't.
    pub batch: Option<bool>,
}

impl ReportUsage {
    /// A report of all calls from `start` (Unix seconds) until now, by the day.
    pub fn since(start: i64) -> Self {
        Self {
            start,
            end: None,
            step: Step::Day,
            limit: None,
            page: None,
            kind: None,
            is_cost: false,
            grouping: Grouping::default(),
            project_ids: Vec::new(),
            user_ids: Vec::new(),
            api_key_ids: Vec::new(),
            models: Vec::new(),
            batch: None,
        }
    }
}

/// One of a report's times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Where it begins, in Unix seconds.
    pub start: i64,
    /// Where it ends, in Unix seconds, itself left out.
    pub end: i64,
    /// What was used, the dearest first; nothing where nobody called.
    pub sums: Vec<Sum>,
}

/// One page of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// Its times, the earliest first, none left out.
    pub buckets: Vec<Bucket>,
    /// The next page, if there is one.
    pub next_page: Option<String>,
}

/// Reports what was used.
pub async fn report(keyward: &Keyward, actor: &Actor, command: ReportUsage) -> Result<UsageReport> {
    let now = keyward.now();
    let span = Span::of(&command, now)?;
    let query = query(&command, &span, actor)?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let sums = usage_sums::sums(&mut connection.conn(), actor.organization, &query).await?;
    if sums.len() > MAX_SUMS {
        let message = format!(
            "This report has more than {MAX_SUMS} results. Ask for a shorter time, a smaller limit, fewer groups, or filter it."
        );
        return Err(Invalid::new("limit", message).into());
    }
    Ok(span.report(sums))
}

/// The times of one page, in Unix seconds.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    step: i64,
    first: i64,
    count: i64,
    end: i64,
    has_more: bool,
}

impl Span {
    fn of(command: &ReportUsage, now: Timestamp) -> std::result::Result<Self, Invalid> {
        let (step, now) = (command.step.seconds(), now.as_second());
        let end = command.end.unwrap_or_else(|| now.saturating_add(1));
        // No later than the calendar goes, and no earlier than the first call.
        let calendar = 0..=Timestamp::MAX.as_second();
        for (param, moment) in [("start_time", command.start), ("end_time", end)] {
            if !calendar.contains(&moment) {
                return Err(Invalid::new(param, format!("{param} is not a time: give Unix seconds from 1970 on.")));
            }
        }
        if command.start >= end {
            let param = if command.end.is_some() { "end_time" } else { "start_time" };
            return Err(Invalid::new(param, "start_time must be before end_time, which is now unless given."));
        }
        let (usual, most) = (command.step.limits().0, command.step.most(command));
        let limit = command.limit.unwrap_or(usual);
        if !(1..=most).contains(&limit) {
            return Err(Invalid::new("limit", format!("limit must be 1 to {most} for this bucket_width.")));
        }
        let start = command.start - command.start.rem_euclid(step);
        let first = match &command.page {
            None => start,
            Some(page) => page
                .strip_prefix("page_")
                .and_then(|text| text.parse::<i64>().ok())
                .filter(|first| (start..end).contains(first) && first.rem_euclid(step) == 0)
                .ok_or_else(|| {
                    Invalid::new("page", "page must be the next_page of the same report.").code("invalid_cursor")
                })?,
        };
        if command.step == Step::Minute && first < now.saturating_sub(MINUTES_KEPT_MS / 1000) {
            let message = "Minutes are kept for eight days. Ask for a later start_time, or for bucket_width 1h or 1d.";
            return Err(Invalid::new("start_time", message));
        }
        let all = (end - first).div_euclid(step) + i64::from((end - first).rem_euclid(step) > 0);
        Ok(Self { step, first, count: all.min(limit), end, has_more: all > limit })
    }

    /// Where the page ends, itself left out.
    const fn until(&self) -> i64 {
        self.first + self.count * self.step
    }

    fn report(&self, sums: Vec<Sum>) -> UsageReport {
        let mut sums = sums.into_iter().peekable();
        let buckets = (0..self.count).map(|number| {
            let start = self.first + number * self.step;
            let end = start + self.step;
            let sums = std::iter::from_fn(|| sums.next_if(|sum| sum.at < end * 1000)).collect();
            Bucket { start, end, sums }
        });
        let buckets = buckets.collect();
        UsageReport { buckets, next_page: self.has_more.then(|| format!("page_{}", self.until())) }
    }
}

fn query(command: &ReportUsage, span: &Span, actor: &Actor) -> Result<SumQuery> {
    for (param, values) in [
        ("project_ids", &command.project_ids),
        ("user_ids", &command.user_ids),
        ("api_key_ids", &command.api_key_ids),
        ("models", &command.models),
    ] {
        if values.len() > MAX_VALUES {
            return Err(Invalid::new(param, format!("{param} has more than {MAX_VALUES} values.")).into());
        }
    }
    let mut projects = ids::<ProjectId>(&command.project_ids).map(|ids| ids.into_iter().collect());
    if !actor.access.holds(Permission::UsageRead, Scope::Organization) {
        let readable: std::collections::BTreeSet<_> = actor.access.projects_with(Permission::UsageRead).collect();
        if readable.is_empty() {
            actor.require(Permission::UsageRead, Scope::Organization)?;
        }
        projects = Some(match projects {
            None => readable,
            Some(wanted) => &wanted & &readable,
        });
    }
    Ok(SumQuery {
        width: command.step.width(),
        from: span.first * 1000,
        until: span.until().min(span.end) * 1000,
        step: span.step * 1000,
        grouping: command.grouping,
        kind: command.kind,
        projects,
        keys: ids(&command.api_key_ids),
        users: ids(&command.user_ids),
        models: (!command.models.is_empty()).then(|| command.models.clone()),
        batch: command.batch,
        most: MAX_SUMS as i64 + 1,
    })
}

/// The ids that are ones; what isn't is found nowhere. `None` where nothing is
/// asked for.
fn ids<Id: std::str::FromStr>(texts: &[String]) -> Option<Vec<Id>> {
    (!texts.is_empty()).then(|| texts.iter().filter_map(|text| text.parse().ok()).collect())
}

/// What calls of a project (`None`: of all that the actor may see) used and cost
/// from the day of `start` (Unix seconds) until now, told apart by `grouping`:
/// the dearest, `most` of them.
pub async fn dearest(
    keyward: &Keyward,
    actor: &Actor,
    project: Option<ProjectId>,
    start: i64,
    (grouping, most): (Grouping, u32),
) -> Result<Vec<Sum>> {
    let project_ids = project.iter().map(ToString::to_string).collect();
    let command = ReportUsage { project_ids, grouping, ..ReportUsage::since(start) };
    let first = start - start.rem_euclid(Step::Day.seconds());
    let end = keyward.now().as_second().saturating_add(1);
    // One time as long as can be, so that everything is within it.
    let span = Span { step: WHOLE, first, count: 1, end, has_more: false };
    let query = SumQuery { most: most.into(), ..query(&command, &span, actor)? };
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    Ok(usage_sums::sums(&mut connection.conn(), actor.organization, &query).await?)
}

/// What all calls of a project used and cost since the day began, in UTC.
pub async fn today(keyward: &Keyward, actor: &Actor, project: ProjectId) -> Result<Amounts> {
    let (now, all) = (keyward.now().as_second(), (Grouping::default(), 1));
    let sums = dearest(keyward, actor, Some(project), now, all).await?;
    Ok(sums.first().map(|sum| sum.amounts).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn span(command: &ReportUsage) -> std::result::Result<Span, Invalid> {
        Span::of(command, Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn a_report_has_every_time_from_the_one_it_starts_in_until_now() {
        let day = NOW - NOW.rem_euclid(86_400);
        let whole = span(&ReportUsage::since(NOW - 2 * 86_400)).unwrap();
        assert_eq!((whole.first, whole.count, whole.has_more), (day - 2 * 86_400, 3, false));
        let report = whole.report(Vec::new());
        assert_eq!(report.buckets.len(), 3);
        assert_eq!(report.buckets[2], Bucket { start: day, end: day + 86_400, sums: Vec::new() });
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let mut command = ReportUsage { limit: Some(2), step: Step::Hour, ..ReportUsage::since(NOW - 5 * 3600) };
        let mut starts = Vec::new();
        loop {
            let report = span(&command).unwrap().report(Vec::new());
            starts.extend(report.buckets.iter().map(|bucket| bucket.start));
            command.page = report.next_page;
            if command.page.is_none() {
                break;
            }
        }
        let first = NOW - NOW.rem_euclid(3600) - 5 * 3600;
        let expected: Vec<_> = (0..6).map(|hour| first + hour * 3600).collect();
        assert_eq!(starts, expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused_at_its_parameter() {
        let all = || ReportUsage::since(NOW - 100_000);
        let page = |page: &str| ReportUsage { page: Some(page.into()), ..all() };
        for (command, param) in [
            (ReportUsage::since(-1), "start_time"),
            (ReportUsage::since(i64::MAX), "start_time"),
            (ReportUsage::since(NOW + 10), "start_time"),
            (ReportUsage { end: Some(NOW - 100_000), ..all() }, "end_time"),
            (ReportUsage { end: Some(i64::MAX), ..all() }, "end_time"),
            (ReportUsage { limit: Some(0), ..all() }, "limit"),
            (ReportUsage { limit: Some(32), ..all() }, "limit"),
            (ReportUsage { step: Step::Minute, start: NOW - 9 * 86_400, ..all() }, "start_time"),
            (page("x"), "page"),
            (page("page_0"), "page"),
            (page("page_1699999999"), "page"),
        ] {
            assert_eq!(span(&command).unwrap_err().param, param, "{command:?}");
        }
        assert!(span(&ReportUsage { limit: Some(180), is_cost: true, ..all() }).is_ok());
    }
}
