//! `GET /organization/spend-alerts` and `GET /projects/{id}/manage/spend-alerts`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{Timestamp, page::Order, permission::Permission, spend_alert::SpendAlert};
use keyward_service::spend_alert::{self, ListSpendAlerts};

use super::{fields, root};
use crate::{
    Console,
    list::{Paging, Query},
    pages::{parts::Tab, place::Place},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    when::When,
};

struct Row {
    href: String,
    title: String,
    prefix: String,
    told: String,
    notified: Option<When>,
}

#[derive(Template)]
#[template(path = "spend_alerts/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    rows: Vec<Row>,
    paging: Paging,
    in_project: bool,
    sends_mail: bool,
    can_manage: bool,
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let command = ListSpendAlerts { whose: place.project_id(), page: query.page(Order::Asc)? };
    let listed = spend_alert::list(&console.keyward, &place.visit.actor, command).await?;
    let id = |alert: &SpendAlert| alert.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = root(&place);
    let page = ListPage {
        shell: place.shell("Spend alerts"),
        tabs: place.manage_tabs(),
        rows: listed.data.into_iter().map(|alert| row(&root, alert, place.visit.now)).collect(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        in_project: place.project.is_some(),
        sends_mail: console.keyward.sends_mail(),
        can_manage: place.may(Permission::AlertsManage),
        root,
    };
    Ok(html(&page))
}

fn row(root: &str, alert: SpendAlert, now: Timestamp) -> Row {
    Row {
        href: format!("{root}/{}", alert.id),
        title: fields::summary(&alert.terms),
        told: fields::told(&alert.terms),
        notified: alert.last_notified_at.map(|at| When::new(at, now)),
        prefix: alert.terms.subject_prefix.unwrap_or_default(),
    }
}
