//! `GET /styleguide` of a debug build: every component in every state, to look
//! at while one is changed.

use askama::Template;
use axum::{Router, http::HeaderMap, response::Response, routing::get};
use keyward_domain::{Timestamp, page::Order};

use super::parts::{Badge, Tab};
use crate::{
    Console,
    columns::{Chosen, Column, Shown},
    form::Form,
    list::Paging,
    respond::html,
    shell::Shell,
    toast::Toast,
    visit::Visit,
    when::When,
};

pub fn routes() -> Router<Console> {
    if cfg!(debug_assertions) { Router::new().route("/styleguide", get(show)) } else { Router::new() }
}

#[derive(Template)]
#[template(path = "styleguide.html")]
struct StyleGuide {
    shell: Shell,
    form: Form,
    wrong: Form,
    badges: Vec<Badge>,
    tabs: Vec<Tab>,
    chosen: Chosen,
    paging: Paging,
    moments: Vec<When>,
    choices: &'static [(&'static str, &'static str)],
}

const fn column(name: &'static str, label: &'static str, shown: Shown) -> Column<u8> {
    Column { name, label, sort: Some((0, Order::Asc)), is_number: false, shown }
}

const COLUMNS: &[Column<u8>] =
    &[column("name", "Name", Shown::Always), column("made", "Made", Shown::Usually), column("id", "ID", Shown::Wanted)];

async fn show(mut visit: Visit) -> Response {
    let link = Some(("/projects".to_owned(), "See it".to_owned()));
    visit.look.toast = Some(Toast { text: "The API key has been updated.".into(), link });
    let form = Form::filled([("name", "CI pipeline".into()), ("choice", "b".into()), ("box", "yes".into())]);
    let mut wrong = Form::filled([("wrong_name", String::new()), ("wrong_area", "192.0.2.0/99".into())]);
    wrong.refuse("wrong_name", "This is empty: give it 1 to 120 characters.");
    wrong.refuse("wrong_area", "192.0.2.0/99 is no network.");
    let badge = |kind, shape, label| Badge { kind, shape, label };
    let tab = |label, is_here| Tab { href: "/styleguide".into(), label, is_here };
    let ago = |seconds: i64| Timestamp::from_second(visit.now.as_second() - seconds).unwrap_or(visit.now);
    let page = StyleGuide {
        shell: Shell::new(&visit, "Style guide").crumb("/projects", "Projects"),
        form,
        wrong,
        badges: vec![
            badge("good", "active", "Active"),
            badge("warn", "disabled", "Disabled"),
            badge("", "expired", "Expired"),
            badge("bad", "revoked", "Revoked"),
        ],
        tabs: vec![tab("Users", true), tab("Roles", false), tab("Audit", false)],
        chosen: Chosen::read("styleguide", COLUMNS, &HeaderMap::new()),
        paging: Paging { previous: Some("/styleguide".into()), next: Some("/styleguide".into()) },
        moments: [0, 300, 90_000, 9_000_000, -86_400].map(|seconds| When::new(ago(seconds), visit.now)).into(),
        choices: &[("a", "The first"), ("b", "The second")],
    };
    html(&page)
}
