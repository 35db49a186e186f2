//! `GET /projects/{id}/manage/limits`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{limit::ProjectLimit, page::Order, permission::Permission};
use keyward_service::{
    Error,
    limit::{self, ListLimits},
};

use super::title;
use crate::{
    Console,
    list::{Paging, Query},
    pages::{
        parts::{Tab, grouped},
        place::Place,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
};

struct Row {
    href: String,
    title: String,
    is_of_model: bool,
    requests: String,
    tokens: String,
    parallel: String,
    shadow: bool,
}

#[derive(Template)]
#[template(path = "limits/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    rows: Vec<Row>,
    paging: Paging,
    can_manage: bool,
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let command = ListLimits { project, of_models: false, page: query.page(Order::Asc)? };
    let listed = limit::list(&console.keyward, &place.visit.actor, command).await?;
    let id = |limit: &ProjectLimit| limit.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = format!("{}/manage/limits", place.root());
    let number = |number: Option<u64>| number.map_or("∞".to_owned(), grouped);
    let row = |limit: &ProjectLimit| Row {
        href: format!("{root}/{}", limit.id),
        title: title(limit),
        is_of_model: limit.model.is_some(),
        requests: number(limit.limits.requests_per_minute),
        tokens: number(limit.limits.tokens_per_minute),
        parallel: number(limit.limits.parallel_requests),
        shadow: limit.limits.shadow,
    };
    let page = ListPage {
        shell: place.shell("Limits"),
        tabs: place.manage_tabs(),
        rows: listed.data.iter().map(row).collect(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        can_manage: place.may(Permission::LimitsManage),
        root,
    };
    Ok(html(&page))
}
