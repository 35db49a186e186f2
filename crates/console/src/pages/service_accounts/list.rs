//! `GET /projects/{id}/manage/service-accounts`

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{page::Order, service_account::ServiceAccount};
use keyward_service::service_account::{self, ListServiceAccounts};

use super::{May, page_of, root};
use crate::{
    Console,
    list::{Paging, Query},
    pages::{manage, parts::Tab, projects},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    id: String,
    name: String,
    created: When,
}

#[derive(Template)]
#[template(path = "service_accounts/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    rows: Vec<Row>,
    paging: Paging,
    may: May,
}

pub async fn list(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let command = ListServiceAccounts { project: project.id, page: query.page(Order::Desc)? };
    let listed = service_account::list(&console.keyward, &visit.actor, command).await?;
    let id = |account: &ServiceAccount| account.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let row = |account: &ServiceAccount| Row {
        href: page_of(account),
        id: account.id.to_string(),
        name: account.name.to_string(),
        created: When::new(account.created_at, visit.now),
    };
    let page = ListPage {
        shell: Shell::new(&visit, "Service accounts").within(&visit, &project),
        tabs: manage::tabs(&visit, &project),
        root: root(&project),
        rows: listed.data.iter().map(row).collect(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        may: May::new(&visit, &project),
    };
    Ok(html(&page))
}
