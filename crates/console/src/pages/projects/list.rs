//! `GET /projects`: the dashboard.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{page::Order, permission::Permission, role::Scope};
use keyward_service::project::{self, ListProjects, ProjectDetails, ProjectFilter, ProjectSort};

use crate::{
    Console,
    columns::{self, Chosen, Column, Head, Shown},
    list::{Paging, Query},
    pages::parts::{Badge, grouped},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    name: String,
    description: String,
    status: Badge,
    created: When,
    keys_total: String,
    keys_active: String,
    is_active: bool,
    can_edit: bool,
    can_switch: bool,
    sees_keys: bool,
}

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ListPage {
    shell: Shell,
    query: Query,
    heads: Vec<Head>,
    rows: Vec<Row>,
    paging: Paging,
    can_create: bool,
}

const fn column(name: &'static str, label: &'static str, sort: ProjectSort, first: Order) -> Column<ProjectSort> {
    let is_number = matches!(sort, ProjectSort::Keys);
    Column { name, label, sort: Some((sort, first)), is_number, shown: Shown::Always }
}

const COLUMNS: &[Column<ProjectSort>] = &[
    column("name", "Name", ProjectSort::Name, Order::Asc),
    column("status", "Status", ProjectSort::Status, Order::Asc),
    column("keys", "API keys", ProjectSort::Keys, Order::Desc),
    column("created", "Created", ProjectSort::Creation, Order::Desc),
];

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let status = query.get("status");
    let filter = ProjectFilter {
        active: status != "inactive",
        inactive: status != "active",
        search: query.optional("search"),
        among: None,
    };
    let (_, sort, order) = columns::sorting(&query, COLUMNS, "created");
    let command = ListProjects { filter, sort, page: query.page(order)? };
    let listed = project::list(&console.keyward, &visit.actor, command).await?;
    let id = |details: &ProjectDetails| details.project.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let page = ListPage {
        shell: Shell::new(&visit, "Projects"),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        heads: columns::heads(&query, COLUMNS, "created", &Chosen::all(COLUMNS)),
        rows: listed.data.into_iter().map(|details| row(&visit, details)).collect(),
        can_create: visit.may(Permission::ProjectsCreate, Scope::Organization),
        query,
    };
    Ok(html(&page))
}

fn row(visit: &Visit, details: ProjectDetails) -> Row {
    let project = details.project;
    let may = |permission| visit.may(permission, Scope::Project(project.id));
    Row {
        href: format!("/projects/{}", project.id),
        status: Badge::project(&project),
        created: When::new(project.created_at, visit.now),
        keys_total: grouped(details.keys_total.unsigned_abs()),
        keys_active: grouped(details.keys_active.unsigned_abs()),
        is_active: project.is_active(),
        can_edit: may(Permission::ProjectUpdate),
        can_switch: may(Permission::ProjectDeactivate),
        sees_keys: may(Permission::ApiKeysRead),
        name: project.name.to_string(),
        description: project.description,
    }
}
