//! `GET /organization/admin-keys/new`, `POST /organization/admin-keys`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use keyward_domain::{
    Invalid, Name,
    access::Access,
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::{
    admin_key::{self, CreateAdminKey, RevealedAdminKey, WantedRole},
    role,
};
use keyward_web::Problem;

use super::ROOT;
use crate::{
    Console,
    form::Form,
    pages::project_grants::{self, ProjectChoices},
    problem_page::Refused,
    respond::{html, html_with},
    shell::Shell,
    visit::Visit,
};

/// What can be given in a project.
const PROJECT_ROLES: &[(&str, BuiltIn)] =
    &[("viewer", BuiltIn::ProjectViewer), ("member", BuiltIn::ProjectMember), ("admin", BuiltIn::ProjectAdmin)];

/// Ends that are offered, in seconds.
const ENDS: &[(&str, &str)] = &[
    ("2592000", "In 30 days"),
    ("604800", "In 7 days"),
    ("7776000", "In 90 days"),
    ("31536000", "In a year"),
    ("", "Never"),
];

const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("expires_in_seconds", "expires"),
    ("roles", "roles"),
    (project_grants::FURTHER, project_grants::FURTHER),
];

#[derive(Template)]
#[template(path = "admin_keys/new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    ends: &'static [(&'static str, &'static str)],
    /// Roles of the organization: id and name.
    roles: Vec<(String, String)>,
    projects: ProjectChoices,
}

#[derive(Template)]
#[template(path = "admin_keys/revealed.html")]
struct RevealedPage<'a> {
    shell: Shell,
    root: &'static str,
    name: String,
    secret: &'a str,
    env_file: String,
    snippets: [(&'static str, String); 2],
}

fn shell(visit: &Visit, title: &str) -> Shell {
    Shell::new(visit, title).crumb(ROOT, "Admin keys")
}

async fn page(console: &Console, visit: &Visit, form: Form, status: StatusCode) -> Result<Response, Refused> {
    let page = NewPage {
        shell: shell(visit, "Create an admin key"),
        form,
        ends: ENDS,
        roles: roles(console, visit).await?,
        projects: project_grants::choices(console, visit, None, PROJECT_ROLES).await?,
    };
    Ok(html_with(status, &page))
}

/// The roles of the organization that the visitor may give a key.
async fn roles(console: &Console, visit: &Visit) -> Result<Vec<(String, String)>, Refused> {
    if !visit.may(Permission::RolesRead, Scope::Organization) {
        return Ok(Vec::new());
    }
    let page = Page { limit: 1000, order: Order::Asc, cursor: None };
    let all = role::list(&console.keyward, &visit.actor, Scope::Organization, page).await?.data;
    let fits = all.into_iter().filter(|role| visit.actor.access.covers(&Access::of_role(role, Scope::Organization)));
    Ok(fits.map(|role| (role.id.to_string(), role.name.to_string())).collect())
}

pub async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refused> {
    visit.require(Permission::AdminKeysManage, Scope::Organization)?;
    let form = Form::filled([("access", "all".into()), ("expires", "2592000".into())]);
    page(&console, &visit, form, StatusCode::OK).await
}

pub async fn create(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = read(&form)?;
        Ok::<_, Problem>(admin_key::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(revealed) => Ok(reveal(&console, &visit, &revealed)),
        Err(problem) => page(&console, &visit, form.take(&problem, FIELDS), problem.status).await,
    }
}

fn read(form: &Form) -> Result<CreateAdminKey, Invalid> {
    let seconds = form.optional("expires").map(str::parse).transpose();
    Ok(CreateAdminKey {
        name: Name::parse("name", form.text("name"))?,
        expires_in_seconds: seconds.map_err(|_| Invalid::new("expires_in_seconds", "Choose when the key ends."))?,
        roles: wanted(form)?,
        idempotency: None,
    })
}

/// None means all, so that has to be chosen in so many words.
fn wanted(form: &Form) -> Result<Vec<WantedRole>, Invalid> {
    match form.text("access") {
        "all" => return Ok(Vec::new()),
        "some" => {}
        _ => return Err(Invalid::new("roles", "Choose what the key may do.")),
    }
    let unknown = || Invalid::new("roles", "Choose among the roles that are offered.");
    let mut wanted = Vec::new();
    for id in form.all("roles") {
        wanted.push(WantedRole { role: id.parse().map_err(|_| unknown())?, scope: Scope::Organization });
    }
    for (project, word) in project_grants::chosen(form)? {
        let role = PROJECT_ROLES.iter().find(|(known, _)| *known == word).ok_or_else(unknown)?.1;
        wanted.push(WantedRole { role: role.id(), scope: Scope::Project(project) });
    }
    if wanted.is_empty() {
        return Err(Invalid::new("roles", "Choose at least one role, or all that you may do."));
    }
    Ok(wanted)
}

fn reveal(console: &Console, visit: &Visit, revealed: &RevealedAdminKey) -> Response {
    let (secret, name) = (revealed.secret.expose(), revealed.key.details.key.name.to_string());
    let url = console.keyward.public_url();
    let env = format!("KEYWARD_ADMIN_KEY={secret}\nOPENAI_ADMIN_KEY={secret}\nOPENAI_BASE_URL={url}/v1\n");
    let curl = format!("curl {url}/v1/organization/projects \\\n  -H \"Authorization: Bearer {secret}\"");
    let python = format!(
        "from openai import OpenAI\n\nclient = OpenAI(base_url=\"{url}/v1\", admin_api_key=\"{secret}\")\nfor project in client.admin.organization.projects.list():\n    print(project.name)"
    );
    html(&RevealedPage {
        shell: shell(visit, &name),
        root: ROOT,
        name,
        secret,
        env_file: format!("data:text/plain;base64,{}", BASE64_STANDARD.encode(env)),
        snippets: [("curl", curl), ("Python", python)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_for_everything_is_made_only_if_that_was_chosen() {
        let form = |text: &str| Form::read(text.as_bytes()).unwrap();
        assert!(wanted(&form("access=all&roles=x")).unwrap().is_empty());
        for wrong in ["", "access=some", "access=some&grant=", "access=some&roles=x", "access=everything"] {
            assert_eq!(wanted(&form(wrong)).unwrap_err().param, "roles", "{wrong}");
        }
        let role = BuiltIn::OrganizationAuditor.id();
        let read = wanted(&form(&format!("access=some&roles={role}"))).unwrap();
        assert_eq!((read.len(), read[0].role, read[0].scope), (1, role, Scope::Organization));
    }
}
