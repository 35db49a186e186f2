//! `/projects/{id}/manage/users/{user}`: the role of somebody in a project, and
//! taking them out.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    Invalid,
    id::{RoleId, UserId},
    project::Project,
};
use keyward_service::{
    Error,
    project_member::{self, ProjectMemberDetails},
};
use keyward_web::Problem;

use super::users::{role_id, roles};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, projects},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "manage/user.html")]
struct UserPage {
    shell: Shell,
    root: String,
    page: String,
    name: String,
    email: String,
    roles: Vec<(String, String)>,
    form: Form,
}

struct Found {
    project: Project,
    user: UserId,
    details: ProjectMemberDetails,
}

impl Found {
    fn list(&self) -> String {
        format!("/projects/{}/manage/users", self.project.id)
    }

    fn shell(&self, visit: &Visit, title: String) -> Shell {
        Shell::new(visit, title).within(visit, &self.project).crumb(self.list(), "Users")
    }
}

async fn find(console: &Console, visit: &Visit, (project, user): &(String, String)) -> Result<Found, Error> {
    let project = projects::find(console, visit, project).await?.project;
    let user = user.parse().map_err(|_| Error::NotFound("member of the project"))?;
    let details = project_member::find(&console.keyward, &visit.actor, project.id, user).await?;
    Ok(Found { project, user, details })
}

async fn page(
    console: &Console,
    visit: &Visit,
    found: &Found,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let user = &found.details.member.user;
    let page = UserPage {
        shell: found.shell(visit, user.name.to_string()),
        root: found.list(),
        page: format!("{}/{}", found.list(), found.user),
        name: user.name.to_string(),
        email: user.email.to_string(),
        roles: roles(console, visit, &found.project).await?,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let held = role_id(&found.project, &found.details.role).map(|id| id.to_string()).unwrap_or_default();
    page(&console, &visit, &found, Form::filled([("role", held)]), StatusCode::OK).await
}

pub async fn change(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let outcome = async {
        let role: RoleId = form.text("role").parse().map_err(|_| Invalid::new("role", "Choose one of the roles."))?;
        let (project, user) = (found.project.id, found.user);
        Ok::<_, Problem>(project_member::update(&console.keyward, &visit.actor, project, user, Some(role)).await?)
    };
    match outcome.await {
        Ok(changed) => {
            Ok(to_telling(&found.list(), format!("The role of {} has been updated.", changed.member.user.name)))
        }
        Err(problem) => page(&console, &visit, &found, form.take(&problem, &[("role", "role")]), problem.status).await,
    }
}

fn removal(found: &Found) -> Ask {
    let user = &found.details.member.user;
    Ask {
        title: format!("Remove {} from {}?", user.name, found.project.name),
        lines: vec![
            "They lose what they hold in this project at once. They stay a member of the organization.".into(),
            "API keys that they created go on working: they belong to the project.".into(),
        ],
        action: format!("{}/{}/remove", found.list(), found.user),
        button: "Remove",
        back: found.list(),
        is_destructive: true,
        ..Ask::default()
    }
}

pub async fn ask_remove(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    Ok(removal(&found).page(found.shell(&visit, "Remove".into())))
}

pub async fn remove(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    match project_member::remove(&console.keyward, &visit.actor, found.project.id, found.user).await {
        Ok(()) => {
            let text = format!("{} has been removed from the project.", found.details.member.user.name);
            Ok(to_telling(&found.list(), text))
        }
        Err(error) => Ok(removal(&found).refused(found.shell(&visit, "Remove".into()), form, &error.into())),
    }
}
