//! `keyward invitations`.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, text, time, time_or_never},
};

const PATH: &str = "/v1/organization/invites";

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List invitations, newest first, also those that ended
    List(Paging),
    /// Invite somebody; where Keyward sends no mail, the link is shown this once
    Create(Create),
    /// Show an invitation
    Show {
        /// Id of the invitation
        id: Id,
    },
    /// Send an invitation again: a new link, another seven days
    Resend {
        /// Id of the invitation
        id: Id,
    },
    /// Withdraw an invitation: its link opens nothing any more
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub struct Create {
    /// Who is invited
    email: String,
    /// Their role in the organization
    #[arg(long, value_parser = ["owner", "reader"], default_value = "reader")]
    role: String,
    /// A project that they become a member of: its id, or id:owner to make them its administrator
    #[arg(long = "project", value_name = "ID[:ROLE]", value_parser = project, value_delimiter = ',')]
    projects: Vec<(Id, &'static str)>,
}

#[derive(Debug, Args)]
pub struct Revoke {
    /// Id of the invitation
    id: Id,
    #[command(flatten)]
    yes: Yes,
}

/// Reads `proj_…`, `proj_…:member` or `proj_…:owner`.
fn project(text: &str) -> Result<(Id, &'static str), &'static str> {
    let (id, role) = text.split_once(':').unwrap_or((text, "member"));
    let role = match role {
        "member" => "member",
        "owner" => "owner",
        _ => return Err("not a role of a project: give owner or member"),
    };
    Ok((id.parse()?, role))
}

/// An invitation as it is answered.
#[derive(Debug, Deserialize)]
struct Invitation {
    id: String,
    email: String,
    role: String,
    status: String,
    #[serde(default)]
    ended_as: Option<String>,
    created_at: i64,
    #[serde(default)]
    expires_at: Option<i64>,
    #[serde(default)]
    projects: Vec<Project>,
    #[serde(default)]
    invited_by: Value,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Project {
    id: String,
    role: String,
}

impl Shown for Invitation {
    const HEADINGS: &'static [Heading] = &[
        text("ID"),
        text("E-MAIL"),
        text("ROLE"),
        text("STATUS"),
        text("INVITED BY"),
        text("CREATED"),
        text("EXPIRES"),
    ];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.email.clone(),
            self.role.clone(),
            self.ended_as.clone().unwrap_or_else(|| self.status.clone()),
            self.invited_by["email"].as_str().unwrap_or("-").to_owned(),
            time(self.created_at),
            time_or_never(self.expires_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let labels = ["id", "e-mail", "role", "status", "invited by", "created", "expires"];
        let mut lines: Vec<_> = labels.into_iter().zip(self.row()).collect();
        lines.extend(self.projects.iter().map(|project| ("project", format!("{} ({})", project.id, project.role))));
        lines.extend(self.url.clone().map(|url| ("link", url)));
        lines
    }
}

impl Group<Command> {
    pub(super) async fn invitations(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(paging) => session.list::<Invitation>(PATH, Query::default(), &paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show { id } => session.show::<Invitation>(&format!("{PATH}/{id}")).await,
            Command::Resend { id } => session.post::<Invitation>(&format!("{PATH}/{id}/resend"), &json!({})).await,
            Command::Revoke(revoke) => revoke.run(&mut session).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("email", self.email);
        fields.put("role", self.role);
        let projects: Vec<Value> =
            self.projects.iter().map(|(id, role)| json!({ "id": id.to_string(), "role": role })).collect();
        fields.set_list("projects", &projects);
        session.post::<Invitation>(PATH, &fields.body()).await
    }
}

impl Revoke {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = format!("{PATH}/{}", self.id);
        session
            .ask(&self.yes, &path, |invitation: &Invitation| {
                Question::yes_or_no(format!("Withdraw the invitation of {}: its link stops working.", invitation.email))
            })
            .await?;
        session.delete(&path, &self.id).await
    }
}
