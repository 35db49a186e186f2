//! `GET /organization/groups`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::page::Order;
use keyward_service::group;

use super::{may_manage, page_of};
use crate::{
    Console,
    list::{Paging, Query},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    name: String,
    created: When,
}

#[derive(Template)]
#[template(path = "groups/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    paging: Paging,
    may_manage: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let listed = group::list(&console.keyward, &visit.actor, query.page(Order::Desc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|group| group.id.to_string()), last.map(|group| group.id.to_string()));
    let row = |group: &keyward_domain::group::Group| Row {
        href: page_of(group),
        name: group.name.to_string(),
        created: When::new(group.created_at, visit.now),
    };
    let page = ListPage {
        shell: Shell::new(&visit, "Groups"),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.iter().map(row).collect(),
        may_manage: may_manage(&visit),
    };
    Ok(html(&page))
}
