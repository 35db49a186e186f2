//! `keyward projects`.

use clap::{Args, Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::{Id, SecretSource, provider},
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, number, or_dash, several, text, time, time_or_never},
};

const PATH: &str = "/v1/organization/projects";

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List projects, newest first
    List(List),
    /// Create a project, with its first credential if you like
    Create(Create),
    /// Show a project
    Show {
        /// Id of the project
        id: Id,
    },
    /// Change a project's name, description or models
    Update(Update),
    /// Make a project inactive: every call with its API keys is refused
    Archive(Archive),
    /// Make a project active again, and its API keys with it
    Activate {
        /// Id of the project
        id: Id,
    },
}

#[derive(Debug, Args)]
pub struct List {
    /// Only those [default: active]
    #[arg(long)]
    status: Option<Status>,
    /// Part of the name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Active,
    Archived,
    All,
}

#[derive(Debug, Args)]
pub struct Create {
    /// Unique in the organization, 1 to 120 characters
    name: String,
    /// Free text
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    models: Models,
    /// Give it a credential of this provider
    #[arg(long, value_parser = provider(), help_heading = "First credential")]
    provider: Option<String>,
    #[command(flatten, next_help_heading = "First credential")]
    secret: SecretSource,
    /// Where the provider is, if not at its usual place
    #[arg(long, value_name = "URL", requires = "provider", help_heading = "First credential")]
    base_url: Option<String>,
    /// What the credential is called
    #[arg(long, value_name = "NAME", requires = "provider", help_heading = "First credential")]
    credential_name: Option<String>,
}

/// Which models a project may use.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Models {
    /// Only these models: names or globs, with commas between
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    allow_models: Vec<String>,
    /// All but these models
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    deny_models: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Update {
    /// Id of the project
    id: Id,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    models: Models,
    /// All models again
    #[arg(long, conflicts_with_all = ["allow_models", "deny_models"])]
    all_models: bool,
}

#[derive(Debug, Args)]
pub struct Archive {
    /// Id of the project
    id: Id,
    /// Revoke all its API keys too, for good
    #[arg(long)]
    revoke_api_keys: bool,
    #[command(flatten)]
    yes: Yes,
}

/// A project as it is answered.
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    id: String,
    pub(super) name: String,
    #[serde(default)]
    description: Option<String>,
    status: String,
    created_at: i64,
    #[serde(default)]
    updated_at: Option<i64>,
    #[serde(default)]
    archived_at: Option<i64>,
    #[serde(default)]
    model_permissions: Option<ModelPermissions>,
    #[serde(default)]
    api_keys: KeyCounts,
}

#[derive(Debug, Deserialize)]
struct ModelPermissions {
    mode: String,
    model_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct KeyCounts {
    total: i64,
    active: i64,
}

impl Shown for Project {
    const HEADINGS: &'static [Heading] =
        &[text("ID"), text("NAME"), text("STATUS"), number("KEYS"), number("ACTIVE"), text("CREATED")];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.name.clone(),
            self.status.clone(),
            self.api_keys.total.to_string(),
            self.api_keys.active.to_string(),
            time(self.created_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let models = self.model_permissions.as_ref().map_or_else(
            || "all".to_owned(),
            |permissions| match permissions.mode.as_str() {
                "deny_list" => format!("all but {}", several(&permissions.model_ids, "none")),
                _ => several(&permissions.model_ids, "none"),
            },
        );
        let mut lines = vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("description", or_dash(self.description.as_deref())),
            ("status", self.status.clone()),
            ("api keys", format!("{} ({} active)", self.api_keys.total, self.api_keys.active)),
            ("models", models),
            ("created", time(self.created_at)),
            ("updated", time_or_never(self.updated_at)),
        ];
        lines.extend(self.archived_at.map(|at| ("archived", time(at))));
        lines
    }
}

impl Models {
    fn body(&self) -> Option<Value> {
        let (mode, models) = match (&self.allow_models, &self.deny_models) {
            (allowed, _) if !allowed.is_empty() => ("allow_list", allowed),
            (_, denied) if !denied.is_empty() => ("deny_list", denied),
            _ => return None,
        };
        Some(json!({ "mode": mode, "model_ids": models }))
    }
}

impl Group<Command> {
    pub(super) async fn projects(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => list.run(&mut session).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show { id } => session.show::<Project>(&format!("{PATH}/{id}")).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Archive(archive) => archive.run(&mut session).await,
            Command::Activate { id } => session.post::<Project>(&format!("{PATH}/{id}/activate"), &json!({})).await,
        }
    }
}

impl List {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let query = match self.status {
            None => Query::default(),
            Some(Status::Active) => Query::default().set("status", Some("active")),
            Some(Status::Archived) => Query::default().set("status", Some("archived")),
            Some(Status::All) => Query::default().set("include_archived", Some(true)),
        };
        session.list::<Project>(PATH, query.set("search", self.search), &self.paging).await
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("name", self.name);
        fields.set("description", self.description);
        fields.set("model_permissions", self.models.body());
        let secret = self.secret.read(session.shell)?;
        match self.provider {
            Some(provider) => {
                let mut credential = Fields::default();
                credential.put("provider", provider);
                credential.set("name", self.credential_name);
                credential.set("api_key", secret.as_ref().map(ExposeSecret::expose_secret));
                credential.set("base_url", self.base_url);
                fields.put("credential", credential.body());
            }
            None if secret.is_some() => {
                return Err(Failure::Usage("Whose secret is it? Name the --provider.".into()));
            }
            None => {}
        }
        session.post::<Project>(PATH, &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("name", self.name);
        fields.set("description", self.description);
        fields.set("model_permissions", self.models.body());
        fields.clear("model_permissions", self.all_models, Value::Null);
        session.post::<Project>(&format!("{PATH}/{}", self.id), &fields.change()?).await
    }
}

impl Archive {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = format!("{PATH}/{}", self.id);
        let consequence = if self.revoke_api_keys {
            "every call with its API keys is refused from now on, and the keys are revoked for good."
        } else {
            "every call with its API keys is refused until it is activated again."
        };
        session
            .ask(&self.yes, &path, |project: &Project| {
                Question::by_name(format!("Archive the project {}: {consequence}", project.name), &project.name)
            })
            .await?;
        let mut fields = Fields::default();
        fields.clear("revoke_api_keys", self.revoke_api_keys, true);
        session.post::<Project>(&format!("{path}/archive"), &fields.body()).await
    }
}
