//! `GET …/credentials`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{page::Order, permission::Permission};
use keyward_service::credential::{self, CredentialDetails, ListCredentials};

use crate::{
    Console,
    list::{Paging, Query},
    pages::{parts::when, place::Place, projects::provider_label},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    when::When,
};

struct Row {
    href: String,
    name: String,
    provider: &'static str,
    masked: String,
    base_url: String,
    priority: i32,
    weight: u16,
    last_used: Option<When>,
    inherited: bool,
}

#[derive(Template)]
#[template(path = "credentials/list.html")]
struct ListPage {
    shell: Shell,
    root: String,
    in_project: bool,
    rows: Vec<Row>,
    paging: Paging,
    can_manage: bool,
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let command = ListCredentials { project: place.project_id(), page: query.page(Order::Asc)? };
    let listed = credential::list(&console.keyward, &place.visit.actor, command).await?;
    let id = |details: &CredentialDetails| details.credential.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = format!("{}/credentials", place.root());
    let row = |details: CredentialDetails| Row {
        href: format!("{}/{}", root, details.credential.id),
        name: details.credential.name.to_string(),
        provider: provider_label(details.credential.provider),
        base_url: details.credential.base_url.as_ref().map(|url| url.as_str().to_owned()).unwrap_or_default(),
        priority: details.credential.priority,
        weight: details.credential.weight.get(),
        masked: details.credential.redacted_value.unwrap_or_default(),
        last_used: when(details.last_used_at, place.visit.now),
        inherited: details.inherited,
    };
    let page = ListPage {
        shell: place.shell("Credentials"),
        in_project: place.project.is_some(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.into_iter().map(row).collect(),
        can_manage: place.may(Permission::CredentialsManage),
        root,
    };
    Ok(html(&page))
}
