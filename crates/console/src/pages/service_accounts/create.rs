//! `GET …/service-accounts/new`, `POST …/service-accounts`: a service account,
//! with its first API key if that is wanted.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Invalid, Name, permission::Permission, project::Project, role::Scope};
use keyward_service::service_account::{self, CreateServiceAccount};
use keyward_web::Problem;

use super::{ENDS, FIELDS, May, below, expiry, page_of, root};
use crate::{
    Console,
    form::Form,
    pages::{api_keys::reveal, projects},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "service_accounts/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
    ends: &'static [(&'static str, &'static str)],
    may: May,
    is_active: bool,
}

fn page(visit: &Visit, project: &Project, form: Form, status: StatusCode) -> Response {
    let page = NewPage {
        shell: below(visit, project, "Create a service account"),
        root: root(project),
        form,
        ends: ENDS,
        may: May::new(visit, project),
        is_active: project.is_active(),
    };
    html_with(status, &page)
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    visit.require(Permission::ServiceAccountsManage, Scope::Project(project.id))?;
    Ok(page(&visit, &project, Form::filled([("with_key", "yes".into())]), StatusCode::OK))
}

pub async fn create(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let outcome = async {
        let command = read(&project, &form)?;
        Ok::<_, Problem>(service_account::create(&console.keyward, &visit.actor, command).await?)
    };
    let created = match outcome.await {
        Ok(created) => created,
        Err(problem) => return Ok(page(&visit, &project, form.take(&problem, FIELDS), problem.status)),
    };
    let (account, address) = (&created.account, page_of(&created.account));
    match &created.key {
        Some(revealed) => {
            let shell = below(&visit, &project, "API key").crumb(address, account.name.as_str());
            reveal::page_within(&console, &visit, &project, revealed, None, shell).await
        }
        None => Ok(to_telling(&address, format!("The service account {} has been created.", account.name))),
    }
}

fn read(project: &Project, form: &Form) -> Result<CreateServiceAccount, Invalid> {
    let with_key = form.is_ticked("with_key");
    Ok(CreateServiceAccount {
        project: project.id,
        name: Name::parse("name", form.text("name"))?,
        with_key,
        expires_in_seconds: if with_key { expiry(form)? } else { None },
        idempotency: None,
    })
}
