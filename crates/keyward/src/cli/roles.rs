//! `keyward roles`: of the organization, or with `--project` of a project; and
//! who holds them.

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use keyward_domain::permission::Permission;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, number, or_dash, several, text, time},
};

/// What can be done with roles.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the roles that can be held, built-in ones first
    List(List),
    /// Create a role that holds what you choose
    Create(Create),
    /// Show a role and what it holds
    Show(Place),
    /// Change a role; what isn't named stays
    Update(Update),
    /// Delete a role
    Delete(Delete),
    /// Give a role to a user or a group
    Assign(Assignment),
    /// Take a role from a user or a group
    Unassign(Assignment),
    /// List the roles that a user or a group holds, and why
    Held(Held),
}

/// Where roles belong and are held.
#[derive(Debug, Args)]
struct Owner {
    /// Id of a project [default: the organization]
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
}

/// Which role.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the role
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
    /// Unique where it belongs, 1 to 120 characters
    name: String,
    /// What it holds, with commas between
    #[arg(long, required = true, value_delimiter = ',', value_parser = permission())]
    permissions: Vec<String>,
    /// Free text
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    owner: Owner,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// All that it holds from now on, with commas between
    #[arg(long, value_delimiter = ',', value_parser = permission())]
    permissions: Vec<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    place: Place,
    /// Id of the role that its holders get instead
    #[arg(long, value_name = "ID")]
    replacement: Option<Id>,
    #[command(flatten)]
    yes: Yes,
}

/// Who holds roles.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Holder {
    /// Id of the user
    #[arg(long, value_name = "ID")]
    user: Option<Id>,
    /// Id of the group
    #[arg(long, value_name = "ID")]
    group: Option<Id>,
}

#[derive(Debug, Args)]
pub struct Assignment {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    holder: Holder,
}

#[derive(Debug, Args)]
pub struct Held {
    #[command(flatten)]
    holder: Holder,
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    paging: Paging,
}

/// Reads the name of a permission.
fn permission() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Permission::ALL.iter().map(|permission| permission.as_str()))
}

/// A role as it is answered.
#[derive(Debug, Deserialize)]
struct Role {
    id: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
    permissions: Vec<String>,
    predefined_role: bool,
    #[serde(default)]
    created_at: Option<i64>,
}

impl Role {
    fn kind(&self) -> &'static str {
        if self.predefined_role { "built in" } else { "custom" }
    }
}

impl Shown for Role {
    const HEADINGS: &'static [Heading] =
        &[text("ID"), text("NAME"), text("KIND"), number("PERMISSIONS"), text("DESCRIPTION")];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.name.clone(),
            self.kind().to_owned(),
            self.permissions.len().to_string(),
            or_dash(self.description.as_deref()),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("kind", self.kind().to_owned()),
            ("description", or_dash(self.description.as_deref())),
        ];
        lines.extend(self.created_at.map(|at| ("created", time(at))));
        lines.push(("permissions", several(&self.permissions, "none")));
        lines
    }
}

/// A role that was just given.
#[derive(Debug, Deserialize)]
struct Given {
    role: Role,
    #[serde(default)]
    user: Value,
    #[serde(default)]
    group: Value,
}

impl Shown for Given {
    const HEADINGS: &'static [Heading] = &[text("ROLE"), text("HOLDER")];

    fn row(&self) -> Vec<String> {
        let holder = if self.user.is_null() { &self.group } else { &self.user };
        let word = |field: &str| holder[field].as_str().unwrap_or_default().to_owned();
        vec![format!("{} ({})", self.role.name, self.role.id), format!("{} ({})", word("name"), word("id"))]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["role", "holder"].into_iter().zip(self.row()).collect()
    }
}

/// A role that is held.
#[derive(Debug, Deserialize)]
struct HeldRole {
    id: String,
    name: String,
    assignment_sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
struct Source {
    principal_id: String,
    principal_type: String,
}

impl Shown for HeldRole {
    const HEADINGS: &'static [Heading] = &[text("ID"), text("NAME"), text("GIVEN TO")];

    fn row(&self) -> Vec<String> {
        let sources = self.assignment_sources.iter();
        let sources: Vec<_> =
            sources.map(|source| format!("{} {}", source.principal_type, source.principal_id)).collect();
        vec![self.id.clone(), self.name.clone(), several(&sources, "-")]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["id", "name", "given to"].into_iter().zip(self.row()).collect()
    }
}

impl Owner {
    fn path(&self) -> String {
        let project = self.project.as_ref();
        project.map_or_else(|| "/v1/organization".to_owned(), |project| format!("/v1/projects/{project}"))
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{}/roles/{}", self.owner.path(), self.id)
    }
}

impl Holder {
    /// Where what they hold is listed.
    fn path(&self, owner: &Owner) -> String {
        let (collection, id) = match (&self.user, &self.group) {
            (Some(user), _) => ("users", user.to_string()),
            (None, group) => ("groups", group.as_ref().map(ToString::to_string).unwrap_or_default()),
        };
        format!("{}/{collection}/{id}/roles", owner.path())
    }
}

impl Group<Command> {
    pub(super) async fn roles(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(List { owner, paging }) => {
                session.list::<Role>(&format!("{}/roles", owner.path()), Query::default(), &paging).await
            }
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<Role>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Delete(delete) => delete.run(&mut session).await,
            Command::Assign(Assignment { place, holder }) => {
                let body = json!({ "role_id": place.id.to_string() });
                session.post::<Given>(&holder.path(&place.owner), &body).await
            }
            Command::Unassign(Assignment { place, holder }) => {
                let path = format!("{}/{}", holder.path(&place.owner), place.id);
                session.delete(&path, &place.id).await
            }
            Command::Held(Held { holder, owner, paging }) => {
                session.list::<HeldRole>(&holder.path(&owner), Query::default(), &paging).await
            }
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("role_name", self.name);
        fields.put("permissions", self.permissions);
        fields.set("description", self.description);
        session.post::<Role>(&format!("{}/roles", self.owner.path()), &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("role_name", self.name);
        fields.set_list("permissions", &self.permissions);
        fields.set("description", self.description);
        session.post::<Role>(&self.place.path(), &fields.change()?).await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        session
            .ask(&self.yes, &path, |role: &Role| {
                Question::yes_or_no(format!("Delete the role {} ({}) for good?", role.name, role.id))
            })
            .await?;
        let query = Query::default().set("replacement_role_id", self.replacement);
        session.delete(&query.target(&path), &self.place.id).await
    }
}
