//! `keyward groups`.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use super::{
    Group as CommandGroup, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, text, time},
};

const PATH: &str = "/v1/organization/groups";

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List groups, oldest first
    List(Paging),
    /// Create a group; nobody is in it yet
    Create {
        /// Unique in the organization, 1 to 120 characters
        name: String,
    },
    /// Show a group
    Show {
        /// Id of the group
        id: Id,
    },
    /// Give a group another name
    Rename {
        /// Id of the group
        id: Id,
        /// Its new name
        name: String,
    },
    /// Delete a group: its members lose what they held through it
    Delete(Delete),
    /// List who is in a group
    Members(Members),
    /// Put a member of the organization into a group
    Add(Membership),
    /// Take somebody out of a group
    Remove(Membership),
}

#[derive(Debug, Args)]
pub struct Delete {
    /// Id of the group
    id: Id,
    #[command(flatten)]
    yes: Yes,
}

#[derive(Debug, Args)]
pub struct Members {
    /// Id of the group
    id: Id,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Args)]
pub struct Membership {
    /// Id of the group
    group: Id,
    /// Id of the user
    user: Id,
}

/// A group as it is answered.
#[derive(Debug, Deserialize)]
struct Group {
    id: String,
    name: String,
    created_at: i64,
}

impl Shown for Group {
    const HEADINGS: &'static [Heading] = &[text("ID"), text("NAME"), text("CREATED")];

    fn row(&self) -> Vec<String> {
        vec![self.id.clone(), self.name.clone(), time(self.created_at)]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["id", "name", "created"].into_iter().zip(self.row()).collect()
    }
}

/// A member of a group as they are answered.
#[derive(Debug, Deserialize)]
struct Member {
    id: String,
    name: String,
    email: String,
}

impl Shown for Member {
    const HEADINGS: &'static [Heading] = &[text("ID"), text("EMAIL"), text("NAME")];

    fn row(&self) -> Vec<String> {
        vec![self.id.clone(), self.email.clone(), self.name.clone()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["id", "email", "name"].into_iter().zip(self.row()).collect()
    }
}

/// That somebody is in a group now.
#[derive(Debug, Deserialize)]
struct Added {
    user_id: String,
    group_id: String,
}

impl Shown for Added {
    const HEADINGS: &'static [Heading] = &[text("USER"), text("GROUP")];

    fn row(&self) -> Vec<String> {
        vec![self.user_id.clone(), self.group_id.clone()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["user", "group"].into_iter().zip(self.row()).collect()
    }
}

impl CommandGroup<Command> {
    pub(super) async fn groups(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(paging) => session.list::<Group>(PATH, Query::default(), &paging).await,
            Command::Create { name } => session.post::<Group>(PATH, &json!({ "name": name })).await,
            Command::Show { id } => session.show::<Group>(&format!("{PATH}/{id}")).await,
            Command::Rename { id, name } => {
                session.post::<Group>(&format!("{PATH}/{id}"), &json!({ "name": name })).await
            }
            Command::Delete(delete) => delete.run(&mut session).await,
            Command::Members(Members { id, paging }) => {
                session.list::<Member>(&format!("{PATH}/{id}/users"), Query::default(), &paging).await
            }
            Command::Add(Membership { group, user }) => {
                let body = json!({ "user_id": user.to_string() });
                session.post::<Added>(&format!("{PATH}/{group}/users"), &body).await
            }
            Command::Remove(Membership { group, user }) => {
                session.delete(&format!("{PATH}/{group}/users/{user}"), &user).await
            }
        }
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = format!("{PATH}/{}", self.id);
        session
            .ask(&self.yes, &path, |group: &Group| {
                let what = "its members lose what they held through it.";
                Question::yes_or_no(format!("Delete the group {} ({}): {what}", group.name, group.id))
            })
            .await?;
        session.delete(&path, &self.id).await
    }
}
