//! `…/service-accounts/{id}/api-keys`: one more API key for a service account.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Invalid, Name, api_key::KeyAccess, permission::Permission, role::Scope};
use keyward_service::service_account::{self, CreateServiceAccountKey};
use keyward_web::Problem;

use super::{ENDS, FIELDS, Found, expiry, find};
use crate::{
    Console,
    form::Form,
    pages::api_keys::{fields::scopes, reveal},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "service_accounts/new_key.html")]
struct NewKeyPage {
    shell: Shell,
    page: String,
    name: String,
    form: Form,
    ends: &'static [(&'static str, &'static str)],
    scopes: Vec<&'static str>,
    opens_more: bool,
    is_active: bool,
}

fn page(visit: &Visit, found: &Found, form: Form, status: StatusCode) -> Response {
    let page = NewKeyPage {
        shell: found.below(visit, "Create an API key"),
        page: found.page(),
        name: found.name().to_owned(),
        ends: ENDS,
        scopes: scopes(),
        opens_more: form.is_ticked("scopes") || form.error("scopes").is_some(),
        is_active: found.project.is_active(),
        form,
    };
    html_with(status, &page)
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    for permission in [Permission::ServiceAccountsManage, Permission::ApiKeysCreate] {
        visit.require(permission, Scope::Project(found.project.id))?;
    }
    Ok(page(&visit, &found, Form::default(), StatusCode::OK))
}

pub async fn create(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    let outcome = async {
        let command = read(&found, &form)?;
        Ok::<_, Problem>(service_account::create_key(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(revealed) => {
            let shell = found.below(&visit, revealed.details.key.name.as_str());
            reveal::page_within(&console, &visit, &found.project, &revealed, None, shell).await
        }
        Err(problem) => Ok(page(&visit, &found, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(found: &Found, form: &Form) -> Result<CreateServiceAccountKey, Invalid> {
    let scopes: Vec<String> = form.all("scopes").map(str::to_owned).collect();
    Ok(CreateServiceAccountKey {
        place: found.place,
        name: Some(Name::parse("name", form.text("name"))?),
        expires_in_seconds: expiry(form)?,
        access: KeyAccess { scopes: KeyAccess::parse_scopes(&scopes)?, ..KeyAccess::default() },
        idempotency: None,
    })
}
