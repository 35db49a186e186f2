//! `GET …/api-keys/new`, `POST …/api-keys`

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    Invalid, Name, Timestamp,
    api_key::{KeyAccess, KeyDraft},
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_service::api_key::{self, CreateApiKey};
use keyward_web::Problem;

use super::{
    fields::{self, ENDS, FIELDS},
    reveal,
};
use crate::{
    Console, form::Form, pages::projects, problem_page::Refused, respond::html_with, shell::Shell, visit::Visit,
};

#[derive(Template)]
#[template(path = "api_keys/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
    ends: &'static [(&'static str, &'static str)],
    scopes: Vec<&'static str>,
    opens_more: bool,
    is_active: bool,
}

fn page(visit: &Visit, project: &Project, form: Form, status: StatusCode) -> Response {
    let root = format!("/projects/{}/api-keys", project.id);
    let shell = Shell::new(visit, "Create an API key").within(visit, project).crumb(root.clone(), "API keys");
    let more = ["scopes", "allowed_models", "allowed_ips", "allowed_origins", "environment", "metadata"];
    let opens_more =
        more.iter().any(|field| form.is_ticked(field) && !form.text(field).is_empty() || form.error(field).is_some());
    let (scopes, is_active) = (fields::scopes(), project.is_active());
    html_with(status, &NewPage { shell, root, form, ends: ENDS, scopes, opens_more, is_active })
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    visit.require(Permission::ApiKeysCreate, Scope::Project(project.id))?;
    Ok(page(&visit, &project, Form::default(), StatusCode::OK))
}

pub async fn create(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let outcome = async {
        let command = CreateApiKey { project: project.id, draft: draft(&form, visit.now)?, idempotency: None };
        Ok::<_, Problem>(api_key::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(revealed) => reveal::page(&console, &visit, &project, &revealed, None).await,
        Err(problem) => Ok(page(&visit, &project, form.take(&problem, FIELDS), problem.status)),
    }
}

fn draft(form: &Form, now: Timestamp) -> Result<KeyDraft, Invalid> {
    let mut access = KeyAccess::default();
    access.apply(fields::access(form)?)?;
    Ok(KeyDraft {
        name: Name::parse("name", form.text("name"))?,
        expires_at: fields::expiry(form, now)?.flatten(),
        max_requests: fields::max_requests(form)?,
        access,
        environment: fields::environment(form)?,
        metadata: fields::metadata(form)?,
    })
}
