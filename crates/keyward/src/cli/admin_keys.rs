//! `keyward admin-keys`.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    api_key::owner,
    arguments::{Id, duration},
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, or_dash, text, time, time_or_never},
};

const PATH: &str = "/v1/organization/admin_api_keys";

/// What can be done with admin keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List admin keys, oldest first
    List(Paging),
    /// Create an admin key; its value is shown this once
    Create(Create),
    /// Show an admin key
    Show {
        /// Id of the admin key
        id: Id,
    },
    /// Delete an admin key for good
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct Create {
    /// What the key is for
    name: String,
    /// Stops working after this time: 30d, 12h, 45m, or seconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires_in: Option<i64>,
    /// Id of a role that it holds of what you may do, at a project as
    /// ROLE@PROJECT; may be repeated. Without: all that you may do
    #[arg(long = "role", value_name = "ROLE", value_parser = held_role)]
    roles: Vec<Value>,
}

/// Reads `role_…` or `role_…@proj_…`.
fn held_role(text: &str) -> Result<Value, String> {
    let (role, project) = text.split_once('@').map_or((text, None), |(role, project)| (role, Some(project)));
    let is_id = |text: &str| text.starts_with("role_") && !text.contains('/');
    if !is_id(role) {
        return Err("it must be the id of a role, or ROLE@PROJECT; `keyward roles list` shows them".into());
    }
    Ok(json!({ "role_id": role, "project_id": project }))
}

#[derive(Debug, Args)]
pub struct Delete {
    /// Id of the admin key
    id: Id,
    #[command(flatten)]
    yes: Yes,
}

/// An admin key as it is answered.
#[derive(Debug, Deserialize)]
struct AdminKey {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    value: Option<String>,
    redacted_value: String,
    #[serde(default)]
    owner: Value,
    #[serde(default)]
    roles: Vec<HeldRole>,
    created_at: i64,
    #[serde(default)]
    expires_at: Option<i64>,
    #[serde(default)]
    last_used_at: Option<i64>,
}

/// A role that it holds.
#[derive(Debug, Deserialize)]
struct HeldRole {
    name: String,
    #[serde(default)]
    project_id: Option<String>,
}

impl HeldRole {
    fn shown(&self) -> String {
        self.project_id.as_ref().map_or_else(|| self.name.clone(), |project| format!("{} at {project}", self.name))
    }
}

impl Shown for AdminKey {
    const HEADINGS: &'static [Heading] =
        &[text("ID"), text("NAME"), text("KEY"), text("OWNER"), text("CREATED"), text("EXPIRES"), text("LAST USED")];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            or_dash(self.name.as_deref()),
            self.redacted_value.clone(),
            owner(&self.owner),
            time(self.created_at),
            time_or_never(self.expires_at),
            time_or_never(self.last_used_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let labels = ["id", "name", "key", "owner", "created", "expires", "last used"];
        let mut lines: Vec<_> = labels.into_iter().zip(self.row()).collect();
        let roles: Vec<_> = self.roles.iter().map(HeldRole::shown).collect();
        lines.push(("roles", if roles.is_empty() { "all that its owner may do".into() } else { roles.join(", ") }));
        lines.extend(self.value.clone().map(|value| ("value", value)));
        lines
    }
}

impl Group<Command> {
    pub(super) async fn admin_keys(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(paging) => session.list::<AdminKey>(PATH, Query::default(), &paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show { id } => session.show::<AdminKey>(&format!("{PATH}/{id}")).await,
            Command::Delete(delete) => delete.run(&mut session).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("name", self.name);
        fields.set("expires_in_seconds", self.expires_in);
        fields.set("roles", (!self.roles.is_empty()).then_some(self.roles));
        session.reveal::<AdminKey>(PATH, &fields.body()).await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = format!("{PATH}/{}", self.id);
        session
            .ask(&self.yes, &path, |key: &AdminKey| {
                let name = or_dash(key.name.as_deref());
                Question::yes_or_no(format!("Delete the admin key {name} ({}): it stops working at once.", key.id))
            })
            .await?;
        session.delete(&path, &self.id).await
    }
}
