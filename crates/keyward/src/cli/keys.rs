//! `keyward keys`.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::{
    Group, Shell,
    api_key::ApiKey,
    arguments::{Id, Moment, duration, moment_or_ago},
    client::Query,
    failure::Failure,
    fields::Fields,
    key_options::{KeyClearing, KeyOptions},
    projects::Project,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, number},
};

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a project's API keys, newest first
    List(List),
    /// Create an API key; its value is shown this once
    Create(Create),
    /// Show an API key
    Show(Place),
    /// Change an API key; what isn't named stays
    Update(Update),
    /// Switch an API key off, until it is switched on again
    Disable(Place),
    /// Switch an API key on again
    Enable(Place),
    /// Give an API key a new value, shown this once; the old one stops working
    Rotate(Rotate),
    /// Take an API key back for good; it stays in the list
    Revoke(Ending),
    /// Take all API keys of a project back for good
    RevokeAll(RevokeAll),
    /// Delete an API key for good; audit and usage keep its name
    Delete(Ending),
}

/// Which key.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the project
    project: Id,
    /// Id of the API key
    key: Id,
}

#[derive(Debug, Args)]
pub struct List {
    /// Id of the project
    project: Id,
    /// Only those in this state
    #[arg(long)]
    status: Option<Status>,
    /// Part of the name, an id, or a key's last four characters
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those with this label
    #[arg(long, value_name = "LABEL")]
    environment: Option<String>,
    /// Only those that were never used
    #[arg(long, conflicts_with = "unused_since")]
    never_used: bool,
    /// Only those not used since: 30d, 2026-11-01, …
    #[arg(long, value_name = "WHEN", value_parser = moment_or_ago)]
    unused_since: Option<Moment>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Active,
    Disabled,
    Expired,
    Revoked,
}

#[derive(Debug, Args)]
pub struct Create {
    /// Id of the project
    project: Id,
    /// What the key is for, 1 to 120 characters
    name: String,
    #[command(flatten)]
    options: KeyOptions,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    options: KeyOptions,
    #[command(flatten)]
    clearing: KeyClearing,
}

#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    place: Place,
    /// How long the old value works beside the new one: 1h, 7d, …; it stops at once unless given
    #[arg(long, value_name = "TIME", value_parser = duration)]
    overlap: Option<i64>,
}

/// Revoking and deleting.
#[derive(Debug, Args)]
pub struct Ending {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

#[derive(Debug, Args)]
pub struct RevokeAll {
    /// Id of the project
    project: Id,
    #[command(flatten)]
    yes: Yes,
}

/// How many keys were taken back at once.
#[derive(Debug, Deserialize)]
struct RevokedAll {
    revoked: u64,
    already_revoked: u64,
    total: u64,
}

impl Shown for RevokedAll {
    const HEADINGS: &'static [Heading] = &[number("REVOKED"), number("ALREADY REVOKED"), number("TOTAL")];

    fn row(&self) -> Vec<String> {
        self.details().into_iter().map(|(_, value)| value).collect()
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("revoked", self.revoked.to_string()),
            ("already revoked", self.already_revoked.to_string()),
            ("total", self.total.to_string()),
        ]
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{}/{}", keys_of(&self.project), self.key)
    }
}

fn keys_of(project: &Id) -> String {
    format!("/v1/organization/projects/{project}/api_keys")
}

impl Group<Command> {
    pub(super) async fn keys(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => list.run(&mut session).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<ApiKey>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Disable(place) => session.post::<ApiKey>(&place.path(), &json!({"status": "disabled"})).await,
            Command::Enable(place) => session.post::<ApiKey>(&place.path(), &json!({"status": "active"})).await,
            Command::Rotate(rotate) => rotate.run(&mut session).await,
            Command::Revoke(ending) => {
                ending.ask(&mut session, "Revoke", "it stops working at once and can't be brought back.").await?;
                session.post::<ApiKey>(&format!("{}/revoke", ending.place.path()), &json!({})).await
            }
            Command::RevokeAll(all) => all.run(&mut session).await,
            Command::Delete(ending) => {
                ending.ask(&mut session, "Delete", "it stops working at once and is gone from the list.").await?;
                session.delete(&ending.place.path(), &ending.place.key).await
            }
        }
    }
}

impl List {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let status = self.status.map(|status| match status {
            Status::Active => "active",
            Status::Disabled => "disabled",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
        });
        let query = Query::default()
            .set("status", status)
            .set("search", self.search)
            .set("environment", self.environment)
            .set("never_used", self.never_used.then_some(true))
            .set("unused_since", self.unused_since.map(|moment| moment.seconds(session.shell.now)));
        session.list::<ApiKey>(&keys_of(&self.project), query, &self.paging).await
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("name", self.name);
        self.options.add_to(&mut fields)?;
        session.reveal::<ApiKey>(&keys_of(&self.project), &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("name", self.name);
        self.options.add_to(&mut fields)?;
        self.clearing.add_to(&mut fields);
        session.post::<ApiKey>(&self.place.path(), &fields.change()?).await
    }
}

impl Rotate {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("overlap_seconds", self.overlap);
        session.reveal::<ApiKey>(&format!("{}/rotate", self.place.path()), &fields.body()).await
    }
}

impl Ending {
    async fn ask(&self, session: &mut Session<'_, '_>, verb: &str, consequence: &str) -> Result<(), Failure> {
        session
            .ask(&self.yes, &self.place.path(), |key: &ApiKey| {
                Question::yes_or_no(format!("{verb} the API key {} ({}): {consequence}", key.name, self.place.key))
            })
            .await
    }
}

impl RevokeAll {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let project = format!("/v1/organization/projects/{}", self.project);
        session
            .ask(&self.yes, &project, |project: &Project| {
                let text = format!("Revoke all API keys of the project {}: none can be brought back.", project.name);
                Question::by_name(text, &project.name)
            })
            .await?;
        session.post::<RevokedAll>(&format!("{}/revoke_all", keys_of(&self.project)), &json!({})).await
    }
}
