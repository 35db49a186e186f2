//! `keyward spend-alerts`.

use clap::{Args, Subcommand};
use keyward_domain::money::{dollars, parse_nanos};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    session::{Paging, Question, Session, Yes, read},
    table::{Heading, Shown, number, or_dash, several, text, time, time_or_never},
};

/// Nanodollars of a cent.
const CENT: i64 = 10_000_000;

/// What can be done with spend alerts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the organization's own spend alerts, or a project's
    List(List),
    /// Create a spend alert; one that is reached already tells at once
    Create(Create),
    /// Show a spend alert
    Show(Place),
    /// Change a spend alert; what isn't named stays
    Update(Update),
    /// Delete a spend alert
    Delete(Delete),
}

/// Whose alerts.
#[derive(Debug, Args)]
struct Owner {
    /// Id of a project [default: the organization itself]
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
}

/// Which alert.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the spend alert
    id: Id,
    #[command(flatten)]
    owner: Owner,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Args)]
pub struct Create {
    /// How many dollars calls cost in a calendar month when it tells, such as 25.00
    #[arg(long, value_name = "DOLLARS", value_parser = cents)]
    threshold: i64,
    /// Whom it tells; once for each
    #[arg(long = "to", value_name = "EMAIL", required = true)]
    recipients: Vec<String>,
    /// What the mails' subjects start with
    #[arg(long, value_name = "TEXT")]
    subject_prefix: Option<String>,
    #[command(flatten)]
    owner: Owner,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// How many dollars calls cost in a calendar month when it tells, such as 25.00
    #[arg(long, value_name = "DOLLARS", value_parser = cents)]
    threshold: Option<i64>,
    /// Whom it tells, in place of those before; once for each
    #[arg(long = "to", value_name = "EMAIL")]
    recipients: Vec<String>,
    /// What the mails' subjects start with; empty for nothing
    #[arg(long, value_name = "TEXT")]
    subject_prefix: Option<String>,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

/// Reads dollars as cents.
fn cents(text: &str) -> Result<i64, String> {
    let nanos = parse_nanos("a threshold", text, 1_000_000_000).map_err(|error| error.message)?;
    if nanos % CENT == 0 { Ok(nanos / CENT) } else { Err("a threshold is a number of whole cents".to_owned()) }
}

/// An alert as it is answered.
#[derive(Debug, Deserialize)]
struct SpendAlert {
    id: String,
    threshold_amount: i64,
    notification_channel: Channel,
    delivery: Delivery,
    last_notified_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

#[derive(Debug, Deserialize)]
struct Channel {
    recipients: Vec<String>,
    subject_prefix: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    status: String,
}

impl SpendAlert {
    fn threshold(&self) -> String {
        dollars(self.threshold_amount.saturating_mul(CENT))
    }

    /// When it last told somebody, or why it tells nobody.
    fn told(&self) -> String {
        match (self.last_notified_at, self.delivery.status.as_str()) {
            (None, "mail_not_configured") => "never: no mail server is set".to_owned(),
            (told, _) => time_or_never(told),
        }
    }
}

impl Shown for SpendAlert {
    const HEADINGS: &'static [Heading] = &[text("ID"), number("DOLLARS A MONTH"), text("TO"), text("LAST TOLD")];

    fn row(&self) -> Vec<String> {
        let to = self.notification_channel.recipients.join(" ");
        vec![self.id.clone(), self.threshold(), to, self.told()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("dollars a month", self.threshold()),
            ("to", several(&self.notification_channel.recipients, "-")),
            ("subject prefix", or_dash(self.notification_channel.subject_prefix.as_deref())),
            ("last told", self.told()),
            ("created", time(self.created_at)),
            ("updated", time(self.updated_at)),
        ]
    }
}

impl Owner {
    fn path(&self) -> String {
        match &self.project {
            Some(project) => format!("/v1/organization/projects/{project}/spend_alerts"),
            None => "/v1/organization/spend_alerts".to_owned(),
        }
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{}/{}", self.owner.path(), self.id)
    }
}

/// The whole of an alert, as the API wants it.
fn body(threshold: i64, recipients: Vec<String>, subject_prefix: Option<String>) -> Value {
    let channel = json!({"type": "email", "recipients": recipients, "subject_prefix": subject_prefix});
    json!({"threshold_amount": threshold, "currency": "USD", "interval": "month", "notification_channel": channel})
}

impl Group<Command> {
    pub(super) async fn spend_alerts(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => session.list::<SpendAlert>(&list.owner.path(), Query::default(), &list.paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<SpendAlert>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Delete(delete) => delete.run(&mut session).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let body = body(self.threshold, self.recipients, self.subject_prefix);
        session.post::<SpendAlert>(&self.owner.path(), &body).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        if self.threshold.is_none() && self.recipients.is_empty() && self.subject_prefix.is_none() {
            return Err(Failure::Usage("Nothing to change: say what, with one of the options in --help.".into()));
        }
        let path = self.place.path();
        // The API takes an alert as a whole.
        let before: SpendAlert = read(&session.connection.get(&path, &Query::default()).await?)?;
        let channel = before.notification_channel;
        let recipients = if self.recipients.is_empty() { channel.recipients } else { self.recipients };
        let prefix = self.subject_prefix.or(channel.subject_prefix);
        session
            .post::<SpendAlert>(&path, &body(self.threshold.unwrap_or(before.threshold_amount), recipients, prefix))
            .await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        session
            .ask(&self.yes, &path, |alert: &SpendAlert| {
                Question::yes_or_no(format!(
                    "Delete the spend alert of ${} a month ({}): nobody is told any more.",
                    alert.threshold(),
                    alert.id
                ))
            })
            .await?;
        session.delete(&path, &self.place.id).await
    }
}
