//! `keyward credentials`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::{Id, SecretSource, object, pair, provider},
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, number, or_dash, several, text, time, time_or_never},
};

/// What can be done with credentials.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the organization's credentials, or a project's with those it inherits
    List(List),
    /// Create a credential
    Create(Create),
    /// Show a credential; its secret is never shown
    Show(Place),
    /// Change a credential; what isn't named stays
    Update(Update),
    /// Delete a credential: calls stop using it at once
    Delete(Delete),
    /// Ask the provider for its models with this credential
    Test(Place),
}

/// Whose credentials.
#[derive(Debug, Args)]
struct Owner {
    /// Id of a project [default: the organization's own]
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
}

/// Which credential.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the credential
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

/// What both creating and changing take.
#[derive(Debug, Args)]
struct CredentialOptions {
    /// What it is called [default: after the provider]
    #[arg(long)]
    name: Option<String>,
    /// Where the provider is, if not at its usual place
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    secret: SecretSource,
    /// A name that callers may use, and the provider's model behind it; once for each
    #[arg(long = "alias", value_name = "NAME=MODEL", value_parser = pair)]
    aliases: Vec<(String, String)>,
    /// Lower is asked first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
    /// Its share of the calls among credentials of the same priority, 1 to 1000
    #[arg(long, value_name = "N")]
    weight: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Create {
    /// Who is called with it
    #[arg(long, value_parser = provider())]
    provider: String,
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    options: CredentialOptions,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: CredentialOptions,
    /// The provider's usual place again
    #[arg(long, conflicts_with = "base_url")]
    no_base_url: bool,
    /// No secret any more, where the provider can do without
    #[arg(long, conflicts_with_all = ["api_key_stdin", "api_key_file"])]
    no_api_key: bool,
    /// No aliases
    #[arg(long, conflicts_with = "aliases")]
    no_aliases: bool,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

/// A credential as it is answered.
#[derive(Debug, Deserialize)]
struct Credential {
    id: String,
    provider: String,
    name: String,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    redacted_value: Option<String>,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    #[serde(default)]
    priority: i64,
    #[serde(default = "one")]
    weight: i64,
    #[serde(default)]
    inherited: bool,
    created_at: i64,
    #[serde(default)]
    updated_at: Option<i64>,
    #[serde(default)]
    last_used_at: Option<i64>,
}

/// What a node that knows no weights does.
const fn one() -> i64 {
    1
}

impl Shown for Credential {
    const HEADINGS: &'static [Heading] = &[
        text("ID"),
        text("PROVIDER"),
        text("NAME"),
        text("SECRET"),
        text("BASE URL"),
        number("PRIORITY"),
        number("WEIGHT"),
        text("INHERITED"),
        text("LAST USED"),
    ];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.provider.clone(),
            self.name.clone(),
            or_dash(self.redacted_value.as_deref()),
            or_dash(self.base_url.as_deref()),
            self.priority.to_string(),
            self.weight.to_string(),
            if self.inherited { "yes".into() } else { "no".into() },
            time_or_never(self.last_used_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let aliases: Vec<_> = self.aliases.iter().map(|(name, model)| format!("{name}={model}")).collect();
        vec![
            ("id", self.id.clone()),
            ("provider", self.provider.clone()),
            ("name", self.name.clone()),
            ("secret", or_dash(self.redacted_value.as_deref())),
            ("base url", or_dash(self.base_url.as_deref())),
            ("aliases", several(&aliases, "-")),
            ("priority", self.priority.to_string()),
            ("weight", self.weight.to_string()),
            ("inherited", if self.inherited { "yes".into() } else { "no".into() }),
            ("created", time(self.created_at)),
            ("updated", time_or_never(self.updated_at)),
            ("last used", time_or_never(self.last_used_at)),
        ]
    }
}

/// What a test found: the provider takes the secret and offers these models.
#[derive(Debug, Deserialize)]
struct Tested {
    models: Vec<String>,
}

impl Shown for Tested {
    const HEADINGS: &'static [Heading] = &[text("MODELS")];

    fn row(&self) -> Vec<String> {
        vec![several(&self.models, "none")]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![("result", "the provider answers".into()), ("models", several(&self.models, "none"))]
    }
}

impl Owner {
    fn path(&self) -> String {
        match &self.project {
            Some(project) => format!("/v1/organization/projects/{project}/credentials"),
            None => "/v1/organization/credentials".to_owned(),
        }
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{}/{}", self.owner.path(), self.id)
    }
}

impl CredentialOptions {
    fn add_to(self, fields: &mut Fields, shell: &mut Shell<'_>) -> Result<(), Failure> {
        fields.set("name", self.name);
        fields.set("base_url", self.base_url);
        if !self.aliases.is_empty() {
            fields.put("aliases", object("--alias", &self.aliases)?);
        }
        fields.set("priority", self.priority);
        fields.set("weight", self.weight);
        let secret = self.secret.read(shell)?;
        fields.set("api_key", secret.as_ref().map(ExposeSecret::expose_secret));
        Ok(())
    }
}

impl Group<Command> {
    pub(super) async fn credentials(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => session.list::<Credential>(&list.owner.path(), Query::default(), &list.paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<Credential>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Delete(delete) => delete.run(&mut session).await,
            Command::Test(place) => session.post::<Tested>(&format!("{}/test", place.path()), &json!({})).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("provider", self.provider);
        self.options.add_to(&mut fields, session.shell)?;
        session.post::<Credential>(&self.owner.path(), &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        self.options.add_to(&mut fields, session.shell)?;
        fields.clear("base_url", self.no_base_url, Value::Null);
        fields.clear("api_key", self.no_api_key, Value::Null);
        fields.clear("aliases", self.no_aliases, json!({}));
        session.post::<Credential>(&self.place.path(), &fields.change()?).await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        session
            .ask(&self.yes, &path, |credential: &Credential| {
                Question::yes_or_no(format!(
                    "Delete the credential {} of {} ({}): calls stop using it at once, and its secret is gone.",
                    credential.name, credential.provider, credential.id
                ))
            })
            .await?;
        session.delete(&path, &self.place.id).await
    }
}
