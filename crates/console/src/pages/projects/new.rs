//! `GET /projects/new`, `POST /projects`: a new project, with its provider's
//! secret unless the organization's is used or it is added later.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{
    Invalid, Name,
    credential::{Aliases, BaseUrl},
    page::Order,
    permission::Permission,
    project::parse_description,
    provider::Provider,
    role::Scope,
    weight::Weight,
};
use keyward_service::{
    credential::{self, ListCredentials, NewCredential},
    project::{self, CreateProject},
};
use keyward_web::Problem;

use super::fields::{FIELDS, MODEL_MODES, model_permissions, providers};
use crate::{
    Console,
    form::Form,
    list::Query,
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::{Toast, to_telling_with},
    visit::Visit,
};

#[derive(Template)]
#[template(path = "projects/new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    providers: Vec<(&'static str, &'static str)>,
    model_modes: &'static [(&'static str, &'static str)],
    /// Whether the visitor may add credentials at all.
    can_add: bool,
    /// Names of the organization's credentials, which every project inherits.
    inherited: Vec<String>,
}

pub async fn show(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    visit.require(Permission::ProjectsCreate, Scope::Organization)?;
    let inherited = inherited(&console, &visit, &query).await?;
    let mut form = Form::default();
    form.set("source", if inherited.is_empty() { "own" } else { "organization" });
    form.set("provider", "openai");
    page(visit, form, inherited, StatusCode::OK)
}

/// Names of the organization's credentials, if the visitor may know them.
async fn inherited(console: &Console, visit: &Visit, query: &Query) -> Result<Vec<String>, Refused> {
    if !visit.may(Permission::CredentialsRead, Scope::Organization) {
        return Ok(Vec::new());
    }
    let command = ListCredentials { project: None, page: query.page(Order::Asc)? };
    let listed = credential::list(&console.keyward, &visit.actor, command).await?;
    Ok(listed.data.into_iter().map(|details| details.credential.name.to_string()).collect())
}

fn page(visit: Visit, form: Form, inherited: Vec<String>, status: StatusCode) -> Result<Response, Refused> {
    let can_add = visit.may(Permission::CredentialsManage, Scope::Organization);
    let shell = Shell::new(&visit, "New project").crumb("/projects", "Projects");
    let page = NewPage { shell, form, providers: providers(), model_modes: MODEL_MODES, can_add, inherited };
    Ok(html_with(status, &page))
}

pub async fn create(
    State(console): State<Console>,
    visit: Visit,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let outcome = async {
        let command = read(&form)?;
        Ok::<_, Problem>(project::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(created) => {
            let path = format!("/projects/{}", created.project.id);
            let text = format!("The project {} has been created.", created.project.name);
            let link = Some((format!("{path}/api-keys/new"), "Create an API key".to_owned()));
            Ok(to_telling_with(&path, Toast { text, link }))
        }
        Err(problem) => {
            let inherited = inherited(&console, &visit, &query).await?;
            let form = form.take(&problem, FIELDS);
            page(visit, form, inherited, problem.status)
        }
    }
}

fn read(form: &Form) -> Result<CreateProject, Invalid> {
    Ok(CreateProject {
        name: Name::parse("name", form.text("name"))?,
        description: parse_description("description", form.text("description"))?,
        model_permissions: model_permissions(form)?,
        credential: if form.text("source") == "own" { Some(credential(form)?) } else { None },
        idempotency: None,
    })
}

fn credential(form: &Form) -> Result<NewCredential, Invalid> {
    let provider = Provider::parse(form.text("provider"))
        .ok_or_else(|| Invalid::new("credential.provider", "Choose one of the providers."))?;
    let api_key = form.secret("provider_key");
    if api_key.is_none() && !provider.secret_is_optional() {
        let message = "Give the provider's API key, or choose to add it later.";
        return Err(Invalid::new("credential.api_key", message));
    }
    Ok(NewCredential {
        provider,
        name: None,
        base_url: form.optional("base_url").map(|url| BaseUrl::parse("credential.base_url", url)).transpose()?,
        api_key,
        aliases: Aliases::default(),
        priority: 0,
        weight: Weight::default(),
    })
}
