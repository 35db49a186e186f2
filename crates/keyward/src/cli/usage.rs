//! `keyward usage`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use keyward_domain::money::dollars;
use serde::Deserialize;

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    session::{Session, read},
    table::{Heading, Shown, number, text, time},
};

const PATH: &str = "/v1/organization/costs";
const DAY: i64 = 86_400;

/// What can be asked about usage.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what calls of all kinds cost
    Costs(Costs),
}

#[derive(Debug, Args)]
pub struct Costs {
    /// Of so many days, today (in UTC) included
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=180))]
    days: i64,
    /// What costs are told apart by
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// Of this project alone
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The day, in UTC
    Day,
    /// The provider and its model
    Model,
    /// The project
    Project,
    /// The API key
    Key,
}

impl By {
    const fn group(self) -> Option<&'static str> {
        match self {
            Self::Day => None,
            Self::Model => Some("line_item"),
            Self::Project => Some("project_id"),
            Self::Key => Some("api_key_id"),
        }
    }
}

/// Costs as they are answered.
#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    start_time: i64,
    results: Vec<Cost>,
}

#[derive(Debug, Deserialize)]
struct Cost {
    amount: Amount,
    num_model_requests: i64,
    num_unpriced_requests: i64,
    line_item: Option<String>,
    project_id: Option<String>,
    api_key_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Amount {
    value_nanos: i64,
}

/// A row: what it is of, and what that comes to.
#[derive(Debug, Deserialize)]
struct Row {
    of: String,
    calls: i64,
    unpriced: i64,
    nanos: i64,
}

impl Shown for Row {
    const HEADINGS: &'static [Heading] =
        &[text("OF"), number("CALLS"), number("WITHOUT PRICE"), number("COST IN DOLLARS")];

    fn row(&self) -> Vec<String> {
        vec![self.of.clone(), self.calls.to_string(), self.unpriced.to_string(), dollars(self.nanos)]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["of", "calls", "without price", "cost in dollars"].into_iter().zip(self.row()).collect()
    }
}

impl Group<Command> {
    pub(super) async fn usage(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::Costs(costs) => costs.run(&mut session).await,
        }
    }
}

impl Costs {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let start = session.shell.now.as_second() - (self.days - 1) * DAY;
        let query = Query::default()
            .set("start_time", Some(start - start.rem_euclid(DAY)))
            .set("limit", Some(self.days))
            .set("group_by", self.by.group())
            .set("project_ids", self.project.as_ref());
        let answer = session.connection.get(PATH, &query).await?;
        if session.is_raw(&answer)? {
            return Ok(());
        }
        session.print_table(&rows(read(&answer)?, self.by))
    }
}

/// One row a day, or one a group with the dearest first; then all of it.
fn rows(page: Page, by: By) -> Vec<Row> {
    let mut all = Row { of: "all".into(), calls: 0, unpriced: 0, nanos: 0 };
    let mut groups: BTreeMap<String, Row> = BTreeMap::new();
    for bucket in page.data {
        if by == By::Day {
            let day = time(bucket.start_time).chars().take(10).collect();
            add(&mut groups, day, &Cost::nothing());
        }
        for cost in bucket.results {
            let of = match by {
                By::Day => Some(time(bucket.start_time).chars().take(10).collect()),
                By::Model => cost.line_item.clone(),
                By::Project => cost.project_id.clone(),
                By::Key => cost.api_key_id.clone(),
            };
            add(&mut groups, of.unwrap_or_else(|| "unknown".into()), &cost);
            all.add(&cost);
        }
    }
    let mut rows: Vec<_> = groups.into_values().collect();
    if by != By::Day {
        rows.sort_by_key(|row| std::cmp::Reverse(row.nanos));
    }
    rows.push(all);
    rows
}

fn add(groups: &mut BTreeMap<String, Row>, of: String, cost: &Cost) {
    let row = groups.entry(of.clone()).or_insert(Row { of, calls: 0, unpriced: 0, nanos: 0 });
    row.add(cost);
}

impl Row {
    fn add(&mut self, cost: &Cost) {
        self.calls = self.calls.saturating_add(cost.num_model_requests);
        self.unpriced = self.unpriced.saturating_add(cost.num_unpriced_requests);
        self.nanos = self.nanos.saturating_add(cost.amount.value_nanos);
    }
}

impl Cost {
    /// Of a day on which nobody called.
    const fn nothing() -> Self {
        Self {
            amount: Amount { value_nanos: 0 },
            num_model_requests: 0,
            num_unpriced_requests: 0,
            line_item: None,
            project_id: None,
            api_key_id: None,
        }
    }
}
