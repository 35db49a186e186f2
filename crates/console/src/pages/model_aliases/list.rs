//! `GET /projects/{id}/manage/model-aliases`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{model_alias::ModelAlias, page::Order, permission::Permission};
use keyward_service::{
    Error,
    model_alias::{self, ListModelAliases},
};

use super::{Credentials, fields};
use crate::{
    Console,
    list::{Paging, Query},
    pages::{parts::Tab, place::Place},
    problem_page::Refused,
    respond::html,
    shell::Shell,
};

struct Row {
    href: String,
    name: String,
    targets: Vec<String>,
}

#[derive(Template)]
#[template(path = "model_aliases/list.html")]
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
    let command = ListModelAliases { project, page: query.page(Order::Asc)? };
    let listed = model_alias::list(&console.keyward, &place.visit.actor, command).await?;
    let credentials = Credentials::of(&console, &place).await?;
    let id = |alias: &ModelAlias| alias.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = format!("{}/manage/model-aliases", place.root());
    let row = |alias: &ModelAlias| Row {
        href: format!("{root}/{}", alias.id),
        name: alias.name.clone(),
        targets: alias.targets.iter().map(|target| fields::line(target, &credentials)).collect(),
    };
    let page = ListPage {
        shell: place.shell("Model aliases"),
        tabs: place.manage_tabs(),
        rows: listed.data.iter().map(row).collect(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        can_manage: place.may(Permission::CredentialsManage),
        root,
    };
    Ok(html(&page))
}
