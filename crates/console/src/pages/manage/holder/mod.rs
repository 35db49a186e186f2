//! Who holds roles in a project: a person or a group. What is done with both
//! alike: showing them, giving and taking roles one by one, removing them.

mod remove;
mod roles;

use axum::{
    RequestPartsExt, Router,
    extract::{FromRequestParts, RawPathParams, State},
    http::{StatusCode, request::Parts},
    response::Response,
    routing::{get, post},
};
use keyward_domain::{
    id::{GroupId, RoleId, UserId},
    project::Project,
    role::Scope,
};
use keyward_service::{
    Error,
    project_group::{self, ProjectGroup},
    project_member::{self, ProjectMemberDetails},
    role_assignment::{Principal, Seat},
};

use super::{groups, users};
use crate::{Console, form::Form, pages::projects, problem_page::Refused, shell::Shell, visit::Visit};

/// The person or the group that an address names, and who looks.
pub struct Holder {
    /// Who looks.
    pub visit: Visit,
    /// Where.
    pub project: Project,
    held: Held,
    params: Vec<(String, String)>,
}

enum Held {
    Person(ProjectMemberDetails),
    Group(ProjectGroup),
}

pub fn routes() -> Router<Console> {
    let kinds = ["users/{user_id}", "groups/{group_id}"];
    kinds.into_iter().fold(Router::new(), |routes, kind| {
        let page = format!("/projects/{{project_id}}/manage/{kind}");
        routes
            .route(&page, get(show))
            .route(&format!("{page}/roles"), post(roles::assign))
            .route(&format!("{page}/roles/{{role_id}}/unassign"), get(roles::ask).post(roles::unassign))
            .route(&format!("{page}/remove"), get(remove::ask).post(remove::remove))
    })
}

async fn show(State(console): State<Console>, holder: Holder) -> Result<Response, Refused> {
    holder.answer(&console, Form::default(), StatusCode::OK).await
}

impl FromRequestParts<Console> for Holder {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Refused> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let params = parts.extract::<RawPathParams>().await.map_err(|_| Error::NotFound("page"))?;
        let params: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let param = |name: &str| params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let project = projects::find(console, &visit, param("project_id").unwrap_or_default()).await?.project;
        let held = match param("group_id") {
            Some(id) => {
                let id: GroupId = id.parse().map_err(|_| Error::NotFound("group of the project"))?;
                Held::Group(project_group::find(&console.keyward, &visit.actor, project.id, id).await?)
            }
            None => {
                let id = param("user_id").and_then(|id| id.parse().ok());
                let id: UserId = id.ok_or(Error::NotFound("member of the project"))?;
                Held::Person(project_member::find(&console.keyward, &visit.actor, project.id, id).await?)
            }
        };
        Ok(Self { visit, project, held, params })
    }
}

impl Holder {
    /// The address of the list.
    pub fn list(&self) -> String {
        users::root(&self.project)
    }

    /// The address of their page.
    pub fn page(&self) -> String {
        match &self.held {
            Held::Person(details) => format!("{}/{}", users::root(&self.project), details.member.user.id),
            Held::Group(held) => format!("{}/{}", groups::root(&self.project), held.group.id),
        }
    }

    /// What they are called.
    pub fn name(&self) -> &str {
        match &self.held {
            Held::Person(details) => details.member.user.name.as_str(),
            Held::Group(held) => held.group.name.as_str(),
        }
    }

    /// What they hold here directly.
    fn roles(&self) -> &[RoleId] {
        match &self.held {
            Held::Person(details) => &details.roles,
            Held::Group(held) => &held.roles,
        }
    }

    /// The role that an address names.
    fn role_id(&self) -> &str {
        self.params.iter().find(|(name, _)| name == "role_id").map_or("", |(_, value)| value)
    }

    /// Where they hold it.
    pub const fn seat(&self) -> Seat {
        let principal = match &self.held {
            Held::Person(details) => Principal::User(details.member.user.id),
            Held::Group(held) => Principal::Group(held.group.id),
        };
        Seat { principal, scope: Scope::Project(self.project.id) }
    }

    /// Around their page.
    pub fn shell(&self, title: impl Into<String>) -> Shell {
        Shell::new(&self.visit, title).within(&self.visit, &self.project).crumb(self.list(), "Users")
    }

    /// Around a page below theirs.
    fn below(&self, title: &str) -> Shell {
        self.shell(title).crumb(self.page(), self.name())
    }

    /// Their page; also again, after a form on it was refused.
    pub async fn answer(&self, console: &Console, form: Form, status: StatusCode) -> Result<Response, Refused> {
        match &self.held {
            Held::Person(details) => users::show::page(console, self, details, form, status).await,
            Held::Group(held) => groups::show::page(console, self, held, form, status).await,
        }
    }
}
