//! `keyward members`: of the organization, or with `--project` of a project.

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes, read},
    table::{Heading, Shown, text, time, time_or_never},
};

const USERS: &str = "/v1/organization/users";

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List members, newest account first
    List(List),
    /// Show a member
    Show(Place),
    /// Add a member of the organization to a project
    Add(Add),
    /// Change a member's role, or disable or enable them
    Update(Update),
    /// Remove a member: what they held is gone, and their admin keys with it
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only members with this address; once for each
    #[arg(long, value_name = "EMAIL", conflicts_with = "project")]
    email: Vec<String>,
    /// Id of a project: those who were added to it
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
    #[command(flatten)]
    paging: Paging,
}

/// Which member, and of what.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the user
    id: Id,
    /// Id of a project [default: the organization]
    #[arg(long, value_name = "ID")]
    project: Option<Id>,
}

#[derive(Debug, Args)]
pub struct Add {
    /// Id or e-mail address of a member of the organization
    user: String,
    /// Id of the project
    #[arg(long, value_name = "ID")]
    project: Id,
    /// owner, member, viewer, or the id of a role
    #[arg(long)]
    role: String,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// owner or reader (of a project: owner, member or viewer), or the id of a role
    #[arg(long)]
    role: Option<String>,
    /// They may do nothing in the organization
    #[arg(long, conflicts_with_all = ["enable", "project"])]
    disable: bool,
    /// They may do again what their roles say
    #[arg(long, conflicts_with = "project")]
    enable: bool,
}

#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

/// A member of the organization as they are answered.
#[derive(Debug, Deserialize)]
struct Member {
    id: String,
    name: String,
    email: String,
    role: String,
    added_at: i64,
    disabled_at: Option<i64>,
    second_factor: bool,
    api_key_last_used_at: Option<i64>,
    projects: Projects,
}

#[derive(Debug, Deserialize)]
struct Projects {
    data: Vec<Project>,
}

#[derive(Debug, Deserialize)]
struct Project {
    name: String,
    role: String,
}

impl Member {
    fn status(&self) -> &'static str {
        if self.disabled_at.is_some() { "disabled" } else { "active" }
    }
}

impl Shown for Member {
    const HEADINGS: &'static [Heading] =
        &[text("ID"), text("EMAIL"), text("NAME"), text("ROLE"), text("STATUS"), text("2FA"), text("ADDED")];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.email.clone(),
            self.name.clone(),
            self.role.clone(),
            self.status().to_owned(),
            if self.second_factor { "yes" } else { "no" }.to_owned(),
            time(self.added_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let labels = ["id", "email", "name", "role", "status", "second factor", "added"];
        let mut lines: Vec<_> = labels.into_iter().zip(self.row()).collect();
        lines.extend(self.disabled_at.map(|at| ("disabled", time(at))));
        lines.push(("key last used", time_or_never(self.api_key_last_used_at)));
        lines.extend(
            self.projects.data.iter().map(|project| ("project", format!("{} ({})", project.name, project.role))),
        );
        lines
    }
}

/// A member of a project as they are answered.
#[derive(Debug, Deserialize)]
struct ProjectMember {
    id: String,
    name: String,
    email: String,
    role: String,
    added_at: i64,
}

impl Shown for ProjectMember {
    const HEADINGS: &'static [Heading] = &[text("ID"), text("EMAIL"), text("NAME"), text("ROLE"), text("ADDED")];

    fn row(&self) -> Vec<String> {
        let (id, email) = (self.id.clone(), self.email.clone());
        vec![id, email, self.name.clone(), self.role.clone(), time(self.added_at)]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["id", "email", "name", "role", "added"].into_iter().zip(self.row()).collect()
    }
}

/// What somebody leaves behind.
#[derive(Debug, Deserialize)]
struct Removed {
    #[serde(default)]
    created_api_key_count: i64,
}

fn collection(project: Option<&Id>) -> String {
    project.map_or_else(|| USERS.to_owned(), |project| format!("/v1/organization/projects/{project}/users"))
}

impl Place {
    fn path(&self) -> String {
        format!("{}/{}", collection(self.project.as_ref()), self.id)
    }
}

impl Group<Command> {
    pub(super) async fn members(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => list.run(&mut session).await,
            Command::Show(place) if place.project.is_some() => session.show::<ProjectMember>(&place.path()).await,
            Command::Show(place) => session.show::<Member>(&place.path()).await,
            Command::Add(add) => add.run(&mut session).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Remove(remove) => remove.run(&mut session).await,
        }
    }
}

impl List {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = collection(self.project.as_ref());
        if self.project.is_some() {
            return session.list::<ProjectMember>(&path, Query::default(), &self.paging).await;
        }
        session.list::<Member>(&path, Query::default().each("emails[]", &self.email), &self.paging).await
    }
}

impl Add {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put(if self.user.contains('@') { "email" } else { "user_id" }, self.user);
        fields.put("role", self.role);
        session.post::<ProjectMember>(&collection(Some(&self.project)), &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("role", self.role);
        fields.clear("disabled", self.disable, true);
        fields.clear("disabled", self.enable, false);
        let (path, body) = (self.place.path(), fields.change()?);
        if self.place.project.is_some() {
            return session.post::<ProjectMember>(&path, &body).await;
        }
        session.post::<Member>(&path, &body).await
    }
}

impl Remove {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        if self.place.project.is_some() {
            session
                .ask(&self.yes, &path, |member: &ProjectMember| {
                    Question::yes_or_no(format!("Take {} ({}) out of the project?", member.email, member.id))
                })
                .await?;
        } else {
            session
                .ask(&self.yes, &path, |member: &Member| {
                    Question::yes_or_no(format!(
                        "Remove {} ({}) from the organization: their roles, sessions and admin keys are gone at once.",
                        member.email, member.id
                    ))
                })
                .await?;
        }
        let answer = session.connection.delete(&path).await?;
        if session.is_raw(&answer)? {
            return Ok(());
        }
        let removed: Removed = read(&answer)?;
        session.shell.tell(&format!("Removed {}.", self.place.id));
        if removed.created_api_key_count > 0 {
            let count = removed.created_api_key_count;
            session.shell.tell(&format!("API keys that they made and that go on working: {count}. --json names them."));
        }
        Ok(())
    }
}
