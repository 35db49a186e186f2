//! The people of a project: who they are, what they hold here, adding, inviting
//! and taking them out.

mod add;
mod list;
mod remove;
mod roles;
mod show;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::{id::UserId, project::Project, role::Scope};
use keyward_service::{
    Error,
    project_member::{self, ProjectMemberDetails},
    role_assignment::{Principal, Seat},
};

pub use self::list::{Besides, page};
use crate::{Console, pages::projects, shell::Shell, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/users", get(list::show).post(add::add))
        .route("/projects/{project_id}/manage/users/{user_id}", get(show::show).post(show::change))
        .route("/projects/{project_id}/manage/users/{user_id}/roles", post(roles::assign))
        .route(
            "/projects/{project_id}/manage/users/{user_id}/roles/{role_id}/unassign",
            get(roles::ask).post(roles::unassign),
        )
        .route("/projects/{project_id}/manage/users/{user_id}/remove", get(remove::ask).post(remove::remove))
}

/// The address of the list.
pub fn root(project: &Project) -> String {
    format!("/projects/{}/manage/users", project.id)
}

/// A member of the project that an address names.
struct Found {
    project: Project,
    user: UserId,
    details: ProjectMemberDetails,
}

impl Found {
    fn list(&self) -> String {
        root(&self.project)
    }

    fn page(&self) -> String {
        format!("{}/{}", self.list(), self.user)
    }

    fn name(&self) -> &str {
        self.details.member.user.name.as_str()
    }

    const fn seat(&self) -> Seat {
        Seat { principal: Principal::User(self.user), scope: Scope::Project(self.project.id) }
    }

    /// Around their page.
    fn shell(&self, visit: &Visit, title: impl Into<String>) -> Shell {
        Shell::new(visit, title).within(visit, &self.project).crumb(self.list(), "Users")
    }

    /// Around a page below theirs.
    fn below(&self, visit: &Visit, title: &str) -> Shell {
        self.shell(visit, title).crumb(self.page(), self.name())
    }
}

async fn find(console: &Console, visit: &Visit, project: &str, user: &str) -> Result<Found, Error> {
    let project = projects::find(console, visit, project).await?.project;
    let user = user.parse().map_err(|_| Error::NotFound("member of the project"))?;
    let details = project_member::find(&console.keyward, &visit.actor, project.id, user).await?;
    Ok(Found { project, user, details })
}
