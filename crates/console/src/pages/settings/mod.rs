//! `/organization/settings`: the organization's name, and whether its members
//! come in by single sign-on only.

mod required;

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use keyward_domain::{Name, organization::OrganizationSettings, permission::Permission, role::Scope};
use keyward_service::organization::{self, UpdateOrganization};
use keyward_web::Problem;

use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
    when::When,
};

const ROOT: &str = "/organization/settings";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(show).post(save))
        .route("/organization/settings/sso/{action}", get(required::ask).post(required::act))
}

#[derive(Template)]
#[template(path = "settings/show.html")]
struct SettingsPage {
    shell: Shell,
    id: String,
    name: String,
    created: When,
    sso_required: bool,
    may_update: bool,
    sees_sso: bool,
    form: Form,
}

fn page(visit: &Visit, settings: &OrganizationSettings, form: Form, status: StatusCode) -> Response {
    let organization = &settings.organization;
    let page = SettingsPage {
        shell: Shell::new(visit, "Settings"),
        id: organization.id.to_string(),
        name: organization.name.to_string(),
        created: When::new(organization.created_at, visit.now),
        sso_required: settings.sso_required,
        may_update: visit.may(Permission::OrganizationUpdate, Scope::Organization),
        sees_sso: visit.may(Permission::SsoManage, Scope::Organization),
        form,
    };
    html_with(status, &page)
}

fn filled(settings: &OrganizationSettings) -> Form {
    Form::filled([("name", settings.organization.name.to_string()), ("version", settings.version.to_string())])
}

async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refused> {
    let settings = organization::settings(&console.keyward, &visit.actor).await?;
    Ok(page(&visit, &settings, filled(&settings), StatusCode::OK))
}

async fn save(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let settings = organization::settings(&console.keyward, &visit.actor).await?;
    let outcome = async {
        let name = Name::parse("name", form.text("name"))?;
        let command = UpdateOrganization { name: Some(name), sso_required: None, expected_version: form.version() };
        Ok::<_, Problem>(organization::update(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(ROOT, format!("The organization is called {} now.", saved.organization.name))),
        Err(problem) if problem.code == "stale_version" => {
            let form = form.overtaken(&filled(&settings), "organization", &[("Name", "name")]);
            Ok(page(&visit, &settings, form, problem.status))
        }
        Err(problem) => {
            let form = form.take(&problem, &[("name", "name")]);
            Ok(page(&visit, &settings, form, problem.status))
        }
    }
}
