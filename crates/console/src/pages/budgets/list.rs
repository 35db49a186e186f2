//! `GET /organization/budgets` and `GET /projects/{id}/manage/budgets`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{Timestamp, clock::from_millis, money::dollars, permission::Permission};
use keyward_service::budget::{self, BudgetDetails};

use super::{root, title};
use crate::{
    Console,
    pages::{parts::Tab, place::Place},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    when::When,
};

struct Row {
    href: String,
    title: &'static str,
    time_zone: String,
    mode: &'static str,
    shadow: bool,
    amount: String,
    spent: String,
    reserved: String,
    left: String,
    ends: Option<When>,
}

#[derive(Template)]
#[template(path = "budgets/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    rows: Vec<Row>,
    in_project: bool,
    can_manage: bool,
}

pub async fn list(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let budgets = budget::list(&console.keyward, &place.visit.actor, place.project_id()).await?;
    let root = root(&place);
    let page = ListPage {
        shell: place.shell("Budgets"),
        tabs: place.manage_tabs(),
        rows: budgets.into_iter().map(|details| row(&root, details, place.visit.now)).collect(),
        in_project: place.project.is_some(),
        can_manage: place.may(Permission::LimitsManage),
        root,
    };
    Ok(html(&page))
}

fn row(root: &str, details: BudgetDetails, now: Timestamp) -> Row {
    let BudgetDetails { budget, spending, period } = details;
    let left = budget.terms.amount_nanos - spending.spent_nanos - spending.reserved_nanos;
    Row {
        href: format!("{root}/{}", budget.id),
        title: title(budget.terms.window),
        time_zone: budget.terms.time_zone.as_str().to_owned(),
        mode: budget.terms.mode.as_str(),
        shadow: budget.terms.shadow,
        amount: format!("${}", budget.terms.amount()),
        spent: format!("${}", dollars(spending.spent_nanos)),
        reserved: format!("${}", dollars(spending.reserved_nanos)),
        left: format!("${}", dollars(left.max(0))),
        ends: (period.end_ms != i64::MAX).then(|| When::new(from_millis(period.end_ms), now)),
    }
}
