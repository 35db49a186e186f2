//! `keyward audit`.

use clap::{Args, Subcommand, ValueEnum};
use keyward_domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Group, Shell,
    api_key::owner,
    arguments::{Id, Moment, moment_or_ago},
    audit_export::Export,
    audit_verify::Verify,
    client::Query,
    failure::Failure,
    session::Paging,
    table::{Heading, Shown, or_dash, several, text, time},
};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List events, newest first
    List(List),
    /// Write events out, to keep or to verify elsewhere
    Export(Export),
    /// Prove that nobody touched an export, or a database; asks no server
    Verify(Verify),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
}

/// Which events. What can be given several times matches any of the values.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Of this type, such as api_key.rotated or api_key.*; several with commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// By this user or key; several with commas
    #[arg(long = "actor", value_name = "ID", value_delimiter = ',')]
    actors: Vec<Id>,
    /// By the user with this e-mail address; several with commas
    #[arg(long = "actor-email", value_name = "EMAIL", value_delimiter = ',')]
    emails: Vec<String>,
    /// In this project; several with commas
    #[arg(long = "project", value_name = "ID", value_delimiter = ',')]
    projects: Vec<Id>,
    /// Done to this thing; several with commas
    #[arg(long = "target", value_name = "ID", value_delimiter = ',')]
    targets: Vec<Id>,
    /// That ended like this
    #[arg(long)]
    outcome: Option<Outcome>,
    /// From this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// Of this request
    #[arg(long, value_name = "ID")]
    request_id: Option<Id>,
    /// That hold this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// From this time on: 12h or 30d ago, 2026-11-01, 2026-11-01T12:00:00Z, or Unix seconds
    #[arg(long, value_name = "WHEN", value_parser = moment_or_ago)]
    since: Option<Moment>,
    /// Before this time
    #[arg(long, value_name = "WHEN", value_parser = moment_or_ago)]
    until: Option<Moment>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Success,
    Denied,
    Failed,
}

impl Filter {
    pub(super) fn query(&self, now: Timestamp) -> Query {
        let outcome = self.outcome.map(|outcome| match outcome {
            Outcome::Success => "success",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
        });
        Query::default()
            .each("event_types[]", &self.types)
            .each("actor_ids[]", &self.actors)
            .each("actor_emails[]", &self.emails)
            .each("project_ids[]", &self.projects)
            .each("resource_ids[]", &self.targets)
            .set("outcome", outcome)
            .set("ip", self.ip.as_ref())
            .set("request_id", self.request_id.as_ref())
            .set("search", self.search.as_ref())
            .set("effective_at[gte]", self.since.map(|moment| moment.seconds(now)))
            .set("effective_at[lt]", self.until.map(|moment| moment.seconds(now)))
    }
}

/// An event as it is answered.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    effective_at: i64,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    project: Option<Project>,
    #[serde(default)]
    actor: Value,
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Project {
    #[serde(default)]
    name: Option<String>,
}

impl Event {
    /// The user of a session, the owner of a key, or `system`.
    fn actor(&self) -> String {
        let kind = self.actor.get("type").and_then(Value::as_str);
        let part = kind.and_then(|kind| self.actor.get(kind)).unwrap_or(&Value::Null);
        match owner(part).as_str() {
            "-" => or_dash(kind),
            known => known.to_owned(),
        }
    }
}

impl Shown for Event {
    const HEADINGS: &'static [Heading] =
        &[text("TIME"), text("TYPE"), text("OUTCOME"), text("ACTOR"), text("PROJECT"), text("TARGETS"), text("ID")];

    fn row(&self) -> Vec<String> {
        vec![
            time(self.effective_at),
            self.event_type.clone(),
            or_dash(self.outcome.as_deref()),
            self.actor(),
            or_dash(self.project.as_ref().and_then(|project| project.name.as_deref())),
            several(&self.targets, "-"),
            self.id.clone(),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["time", "type", "outcome", "actor", "project", "targets", "id"].into_iter().zip(self.row()).collect()
    }
}

impl Group<Command> {
    pub(super) async fn audit(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let List { filter, paging } = match self.command {
            Command::Verify(verify) => return verify.run(self.options.json, shell).await,
            Command::Export(export) => return export.run(&mut self.options.open(shell)?).await,
            Command::List(list) => list,
        };
        let mut session = self.options.open(shell)?;
        let query = filter.query(session.shell.now);
        session.list::<Event>("/v1/organization/audit_logs", query, &paging).await
    }
}
