//! `GET /organization/sso`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{page::Order, sso::SsoProvider};
use keyward_service::sso;

use super::page_of;
use crate::{
    Console,
    list::{Paging, Query},
    pages::parts::Badge,
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
};

struct Row {
    href: String,
    name: String,
    issuer: String,
    status: Badge,
    creates_members: bool,
    mappings: usize,
}

#[derive(Template)]
#[template(path = "sso/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    paging: Paging,
    redirect_uri: String,
    /// Whether the visitor is an owner: nobody else connects a provider.
    is_owner: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let listed = sso::list(&console.keyward, &visit.actor, query.page(Order::Desc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|one| one.id.to_string()), last.map(|one| one.id.to_string()));
    let row = |provider: &SsoProvider| Row {
        href: page_of(provider),
        name: provider.name.to_string(),
        issuer: provider.issuer.as_str().to_owned(),
        status: Badge::enabled(provider.enabled),
        creates_members: provider.creates_members,
        mappings: provider.mappings.len(),
    };
    let page = ListPage {
        shell: Shell::new(&visit, "Single sign-on"),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.iter().map(row).collect(),
        redirect_uri: console.keyward.sso_redirect_uri(visit.actor.organization),
        is_owner: visit.actor.access.is_owner(),
    };
    Ok(html(&page))
}
