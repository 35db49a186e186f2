//! `POST /projects/{id}/manage/users`: adds a member of the organization to the
//! project, or invites whoever isn't one.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    Invalid,
    id::RoleId,
    invitation::{Grants, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::Email,
    project::Project,
};
use keyward_service::{
    invitation::{self, CreateInvitation, SentInvitation},
    project_member::{self, AddProjectMember, Who},
};
use keyward_web::Problem;

use super::{Besides, page, root};
use crate::{
    Console, form::Form, list::Query, pages::projects, problem_page::Refused, toast::to_telling, visit::Visit,
};

const FIELDS: &[(&str, &str)] = &[("email", "email"), ("role", "role")];

pub async fn add(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let (besides, status) = match add_or_invite(&console, &visit, &project, &form).await {
        Ok(Done::Told(text)) => return Ok(to_telling(&root(&project), text)),
        Ok(Done::Link(email, link)) => (Besides { link: Some((email, link)), ..Besides::default() }, StatusCode::OK),
        Err(problem) => (Besides { person: form.take(&problem, FIELDS), ..Besides::default() }, problem.status),
    };
    page(&console, &visit, &project, &query, besides, status).await
}

/// What came of it.
enum Done {
    Told(String),
    /// Whom the invitation is for, and its link.
    Link(String, String),
}

async fn add_or_invite(console: &Console, visit: &Visit, project: &Project, form: &Form) -> Result<Done, Problem> {
    let email = Email::parse("email", form.text("email"))?;
    let role: RoleId =
        form.text("role").parse().map_err(|_| Invalid::new("role", "Choose the role that they will hold here."))?;
    let who = Who::Email(email.clone());
    let command = AddProjectMember { project: project.id, who, role };
    let problem = match project_member::add(&console.keyward, &visit.actor, command).await {
        Ok(added) => return Ok(Done::Told(format!("{} has been added to the project.", added.member.user.name))),
        Err(error) => Problem::from(error),
    };
    if problem.code != "not_a_member" {
        return Err(problem);
    }
    let roles = [InvitedProjectRole::Owner, InvitedProjectRole::Member];
    let invited = roles.into_iter().find(|invited| invited.built_in().id() == role).ok_or_else(|| {
        Invalid::new(
            "role",
            "Whoever isn't a member of the organization yet can be invited as Project Admin or Project Member only: choose one of them, and change it once they are here.",
        )
    })?;
    let grants = Grants { role: InvitedRole::Reader, projects: vec![ProjectGrant { id: project.id, role: invited }] };
    let command = CreateInvitation { email: email.clone(), grants, idempotency: None };
    let SentInvitation { link, .. } = invitation::create(&console.keyward, &visit.actor, command).await?;
    Ok(match link {
        Some(link) => Done::Link(email.to_string(), link.expose().to_owned()),
        None => Done::Told(format!("{email} has been invited by mail.")),
    })
}
