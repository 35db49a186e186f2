//! `/organization/usage`, `/projects/{id}/usage`: calls, tokens and cost by day,
//! and the dearest models, projects and keys.

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::tz::TimeZone;
use keyward_domain::{Timestamp, money::dollars, permission::Permission};
use keyward_service::{
    api_key::{self, ApiKeyPlace},
    project,
    usage_report::{self, Amounts, Grouping, ReportUsage, Step, Sum},
};

use crate::{
    Console,
    list::Query,
    pages::{
        parts::{counted, grouped},
        place::Place,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
};

/// How many models, projects and keys are shown.
const MOST: u32 = 10;

/// The period that was chosen, in days.
fn period(query: &Query) -> i64 {
    match query.get("days") {
        "30" => 30,
        "90" => 90,
        _ => 7,
    }
}

/// What was used, as it is shown.
struct Used {
    label: String,
    /// Empty where there is nothing to open.
    href: String,
    calls: String,
    input: String,
    output: String,
    cost: String,
    /// Calls that the cache answered; empty if there are none.
    cached: String,
    /// Calls whose tokens Keyward counted; empty if there are none.
    estimated: String,
    /// Calls whose cost nobody knows; empty if there are none.
    unpriced: String,
    /// Hundredths of the widest bar.
    bar: i64,
}

struct Table {
    title: &'static str,
    head: &'static str,
    rows: Vec<Used>,
}

#[derive(Template)]
#[template(path = "usage/show.html")]
struct UsagePage {
    shell: Shell,
    query: Query,
    root: String,
    what: &'static str,
    is_empty: bool,
    all: Used,
    tables: Vec<Table>,
}

/// Whose usage is shown, and from when on.
struct Asked<'a> {
    console: &'a Console,
    place: &'a Place,
    start: i64,
}

pub async fn show(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    place.require(Permission::UsageRead)?;
    let days = period(&query);
    let start = place.visit.now.as_second() - (days - 1) * Step::Day.seconds();
    let asked = Asked { console: &console, place: &place, start };
    let (all, by_day) = asked.by_day(days).await?;
    let mut tables = vec![Table { title: "By day", head: "Day, in UTC", rows: by_day }];
    let models = asked.dearest(Grouping { model: true, ..Grouping::default() }).await?;
    let models = models.iter().map(|sum| (model(sum), String::new(), sum.amounts)).collect();
    tables.push(Table { title: "By model", head: "Model", rows: drawn(models) });
    if place.project.is_none() {
        tables.push(Table { title: "By project", head: "Project", rows: asked.by_project().await? });
    }
    tables.push(Table { title: "By API key", head: "API key", rows: asked.by_key().await? });
    let page = UsagePage {
        shell: place.shell("Usage"),
        query,
        root: place.root(),
        what: if place.project.is_some() { "of this project" } else { "of your organization" },
        is_empty: all.requests == 0 && all.cached_requests == 0,
        all: used(String::new(), String::new(), &all, 0),
        tables,
    };
    Ok(html(&page))
}

impl Asked<'_> {
    /// What was used altogether, and by the day, the last first.
    async fn by_day(&self, days: i64) -> Result<(Amounts, Vec<Used>), Refused> {
        let command = ReportUsage {
            project_ids: self.place.project_id().iter().map(ToString::to_string).collect(),
            is_cost: true,
            limit: Some(days),
            ..ReportUsage::since(self.start)
        };
        let report = usage_report::report(&self.console.keyward, &self.place.visit.actor, command).await?;
        let mut all = Amounts::default();
        let mut rows = Vec::new();
        for bucket in report.buckets.iter().rev() {
            let amounts = bucket.sums.first().map(|sum| sum.amounts).unwrap_or_default();
            all.add(&amounts);
            rows.push((day(bucket.start), String::new(), amounts));
        }
        Ok((all, drawn(rows)))
    }

    async fn dearest(&self, grouping: Grouping) -> Result<Vec<Sum>, Refused> {
        let (keyward, actor) = (&self.console.keyward, &self.place.visit.actor);
        let project = self.place.project_id();
        Ok(usage_report::dearest(keyward, actor, project, self.start, (grouping, MOST)).await?)
    }

    async fn by_project(&self) -> Result<Vec<Used>, Refused> {
        let mut rows = Vec::new();
        for sum in self.dearest(Grouping { project: true, ..Grouping::default() }).await? {
            let Some(id) = sum.project else { continue };
            let found = project::find(&self.console.keyward, &self.place.visit.actor, id).await;
            let (name, href) = match found {
                Ok(found) => (found.project.name.to_string(), format!("/projects/{id}/usage")),
                Err(_) => (id.to_string(), String::new()),
            };
            rows.push((name, href, sum.amounts));
        }
        Ok(drawn(rows))
    }

    async fn by_key(&self) -> Result<Vec<Used>, Refused> {
        let mut rows = Vec::new();
        for sum in self.dearest(Grouping { project: true, key: true, ..Grouping::default() }).await? {
            let (Some(project), Some(key)) = (sum.project, sum.key) else { continue };
            let place = ApiKeyPlace { project, key };
            // Who may not read keys, and who asks for one that is gone, gets its id.
            let (name, href) = match api_key::find(&self.console.keyward, &self.place.visit.actor, place).await {
                Ok(found) => (found.key.name.to_string(), format!("/projects/{project}/api-keys/{key}")),
                Err(_) => (key.to_string(), String::new()),
            };
            rows.push((name, href, sum.amounts));
        }
        Ok(drawn(rows))
    }
}

/// The provider and its model.
fn model(sum: &Sum) -> String {
    match &sum.model {
        Some((provider, model)) if !provider.is_empty() => {
            format!("{provider}/{}", if model.is_empty() { "unknown" } else { model })
        }
        _ => "Unknown".into(),
    }
}

/// `2026-11-21`
fn day(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or(Timestamp::MIN).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// Rows with bars: as long as their cost is high, or where nothing cost
/// anything, as there were calls.
fn drawn(rows: Vec<(String, String, Amounts)>) -> Vec<Used> {
    let is_free = rows.iter().all(|(_, _, amounts)| amounts.cost_nanos == 0);
    let size = |amounts: &Amounts| if is_free { amounts.requests } else { amounts.cost_nanos };
    let widest = rows.iter().map(|(_, _, amounts)| size(amounts)).max().unwrap_or(0).max(1);
    let hundredths =
        |amounts: &Amounts| i64::try_from(i128::from(size(amounts)) * 100 / i128::from(widest)).unwrap_or(0);
    rows.into_iter().map(|(label, href, amounts)| used(label, href, &amounts, hundredths(&amounts))).collect()
}

fn used(label: String, href: String, amounts: &Amounts, bar: i64) -> Used {
    Used {
        label,
        href,
        calls: count(amounts.requests),
        input: count(amounts.input_tokens),
        output: count(amounts.output_tokens),
        cost: format!("${}", dollars(amounts.cost_nanos)),
        cached: match amounts.cached_requests {
            0 => String::new(),
            calls => count(calls),
        },
        estimated: match amounts.estimated_requests {
            0 => String::new(),
            calls => count(calls),
        },
        unpriced: match amounts.unpriced_requests {
            0 => String::new(),
            calls => counted(calls, "call", "calls"),
        },
        bar,
    }
}

fn count(number: i64) -> String {
    grouped(number.unsigned_abs())
}
