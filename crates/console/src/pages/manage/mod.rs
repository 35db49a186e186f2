//! What is managed of a project, in tabs: its people, service accounts, roles,
//! audit log, data and keys.

mod api_keys;
mod groups;
mod holder;
mod roles;
mod users;

use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use keyward_domain::{permission::Permission, project::Project, role::Scope};

use super::{parts::Tab, projects};
use crate::{Console, problem_page::Refused, respond::to, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage", get(first))
        .route("/projects/{project_id}/manage/api-keys", get(api_keys::show))
        .merge(users::routes())
        .merge(groups::routes())
        .merge(holder::routes())
}

const TABS: &[(&str, &str, Permission)] = &[
    ("users", "Users", Permission::MembersRead),
    ("service-accounts", "Service accounts", Permission::ServiceAccountsRead),
    ("roles", "Roles", Permission::RolesRead),
    ("limits", "Limits", Permission::LimitsRead),
    ("budgets", "Budgets", Permission::LimitsRead),
    ("spend-alerts", "Spend alerts", Permission::AlertsRead),
    ("cache", "Cache", Permission::ProjectRead),
    ("model-aliases", "Model aliases", Permission::CredentialsRead),
    ("audit", "Audit", Permission::AuditRead),
    ("retention", "Retention", Permission::RetentionRead),
    ("api-keys", "API Keys", Permission::ApiKeysRead),
];

/// The tabs that a visitor may open.
pub fn tabs(visit: &Visit, project: &Project) -> Vec<Tab> {
    let tab = |(page, label, _): &(&str, &'static str, Permission)| {
        let href = format!("/projects/{}/manage/{page}", project.id);
        Tab { is_here: visit.look.path.starts_with(&href), href, label }
    };
    let may = |(page, _, permission): &&(&str, &str, Permission)| {
        // How long data is kept is the organization's to know.
        let scope = if *page == "retention" { Scope::Organization } else { Scope::Project(project.id) };
        visit.may(*permission, scope)
    };
    TABS.iter().filter(may).map(tab).collect()
}

async fn first(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &id).await?.project;
    let overview = format!("/projects/{}", project.id);
    Ok(to(tabs(&visit, &project).first().map_or(overview.as_str(), |tab| tab.href.as_str())))
}
