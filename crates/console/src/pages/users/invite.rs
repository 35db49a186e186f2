//! `GET /organization/users/invitations/new`, `POST /organization/users/invitations`

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use keyward_domain::{
    Invalid, Timestamp,
    invitation::{Grants, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::Email,
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::invitation::{self, CreateInvitation, SentInvitation};
use keyward_web::Problem;

use super::{INVITATIONS, ROOT, link::LinkPage, may_invite};
use crate::{
    Console,
    form::Form,
    pages::project_grants::{self, ProjectChoices},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

/// What can be given in a project.
const PROJECT_ROLES: &[(&str, BuiltIn)] = &[("member", BuiltIn::ProjectMember), ("owner", BuiltIn::ProjectAdmin)];

const FIELDS: &[(&str, &str)] =
    &[("email", "email"), ("role", "role"), ("projects", "grant"), (project_grants::FURTHER, project_grants::FURTHER)];

#[derive(Template)]
#[template(path = "users/invite.html")]
struct InvitePage {
    shell: Shell,
    form: Form,
    roles: Vec<(&'static str, &'static str)>,
    projects: ProjectChoices,
}

async fn page(console: &Console, visit: &Visit, form: Form, status: StatusCode) -> Result<Response, Refused> {
    let mut roles = vec![("reader", "Organization Member")];
    if visit.actor.access.is_owner() {
        roles.push(("owner", "Organization Owner"));
    }
    let shell = shell(visit, "Invite");
    let projects = project_grants::choices(console, visit, Some(Permission::MembersManage), PROJECT_ROLES).await?;
    Ok(html_with(status, &InvitePage { shell, form, roles, projects }))
}

fn shell(visit: &Visit, title: &str) -> Shell {
    Shell::new(visit, title).crumb(ROOT, "Users").crumb(INVITATIONS, "Invitations")
}

pub async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refused> {
    if !may_invite(&visit) {
        visit.require(Permission::MembersManage, Scope::Organization)?;
    }
    page(&console, &visit, Form::default(), StatusCode::OK).await
}

pub async fn send(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = read(&form)?;
        Ok::<_, Problem>(invitation::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(sent) => Ok(sent_page(shell(&visit, "Invitation link"), INVITATIONS, &sent, visit.now)),
        Err(problem) => page(&console, &visit, form.take(&problem, FIELDS), problem.status).await,
    }
}

fn read(form: &Form) -> Result<CreateInvitation, Invalid> {
    let email = Email::parse("email", form.text("email"))?;
    let role = match form.text("role") {
        "owner" => InvitedRole::Owner,
        "reader" => InvitedRole::Reader,
        _ => return Err(Invalid::new("role", "Choose what they will be in the organization.")),
    };
    let projects = project_grants::chosen(form)?.into_iter().map(|(id, word)| {
        let role = match word {
            "owner" => InvitedProjectRole::Owner,
            "member" => InvitedProjectRole::Member,
            _ => return Err(Invalid::new("projects", "Choose one of the roles that are offered.")),
        };
        Ok(ProjectGrant { id, role })
    });
    let projects = projects.collect::<Result<_, _>>()?;
    Ok(CreateInvitation { email, grants: Grants { role, projects }, idempotency: None })
}

/// What follows once an invitation is on its way: its link, where nobody mails
/// it. `list`: where it goes on.
pub fn sent_page(shell: Shell, list: &str, sent: &SentInvitation, now: Timestamp) -> Response {
    let invitation = &sent.details.invitation;
    let Some(link) = &sent.link else {
        return to_telling(list, format!("The invitation has been sent to {}.", invitation.email));
    };
    let page = LinkPage {
        shell,
        title: format!("Invitation for {}", invitation.email),
        label: "The link",
        link: link.expose(),
        ends: When::new(invitation.expires_at, now),
        hint: "No mail is sent from here: hand the link to them yourself. Whoever has it can accept.",
        back: list.to_owned(),
    };
    // A reload would invite twice: the browser stands at the list.
    let mut headers = HeaderMap::new();
    if let Ok(list) = HeaderValue::try_from(list) {
        headers.insert("hx-push-url", list);
    }
    (headers, page.show()).into_response()
}
