//! `…/service-accounts/{id}`: a service account and its API keys; and renaming
//! it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Name, page::Order};
use keyward_service::{
    api_key::{self, ApiKeyDetails, ApiKeyFilter, KeySort, ListApiKeys},
    service_account,
};
use keyward_web::Problem;

use super::{FIELDS, Found, May, below, find};
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::parts::{Badge, when},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

struct KeyRow {
    href: String,
    name: String,
    preview: String,
    status: Badge,
    last_used: Option<When>,
    created: When,
    expires: Option<When>,
}

#[derive(Template)]
#[template(path = "service_accounts/show.html")]
struct ShowPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    created: When,
    keys: Vec<KeyRow>,
    paging: Paging,
    may: May,
    form: Form,
}

async fn page(
    console: &Console,
    visit: &Visit,
    found: &Found,
    query: &Query,
    mut form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let may = May::new(visit, &found.project);
    let (keys, paging) =
        if may.see_keys { keys(console, visit, found, query).await? } else { (Vec::new(), Paging::default()) };
    if !form.is_ticked("name") {
        form.set("name", found.name());
    }
    let page = ShowPage {
        shell: below(visit, &found.project, found.name()),
        page: found.page(),
        id: found.account.id.to_string(),
        name: found.name().to_owned(),
        created: When::new(found.account.created_at, visit.now),
        keys,
        paging,
        may,
        form,
    };
    Ok(html_with(status, &page))
}

async fn keys(
    console: &Console,
    visit: &Visit,
    found: &Found,
    query: &Query,
) -> Result<(Vec<KeyRow>, Paging), Refused> {
    let filter = ApiKeyFilter { service_account: Some(found.account.id), ..ApiKeyFilter::default() };
    let (project, page) = (found.project.id, query.page(Order::Desc)?);
    let command = ListApiKeys { project, filter, sort: KeySort::default(), page };
    let listed = api_key::list(&console.keyward, &visit.actor, command).await?;
    let id = |details: &ApiKeyDetails| details.key.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let row = |ApiKeyDetails { key, usage, .. }: ApiKeyDetails| KeyRow {
        href: format!("/projects/{project}/api-keys/{}", key.id),
        name: key.name.to_string(),
        preview: key.redacted_value(),
        status: Badge::api_key(&key, visit.now),
        last_used: when(usage.last_used_at, visit.now),
        created: When::new(key.created_at, visit.now),
        expires: when(key.expires_at, visit.now),
    };
    let paging = query.at(&found.page()).paging(first.as_deref(), last.as_deref(), listed.has_more);
    Ok((listed.data.into_iter().map(row).collect(), paging))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
    query: Query,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    page(&console, &visit, &found, &query, Form::default(), StatusCode::OK).await
}

pub async fn rename(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    let outcome = async {
        let name = Name::parse("name", form.text("name"))?;
        Ok::<_, Problem>(service_account::rename(&console.keyward, &visit.actor, found.place, Some(name)).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(&found.page(), format!("The service account is called {} now.", saved.name))),
        Err(problem) => page(&console, &visit, &found, &query, form.take(&problem, FIELDS), problem.status).await,
    }
}
