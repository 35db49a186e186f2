//! `GET /organization/admin-keys`

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{id::ProjectId, page::Order, permission::Permission, role::Scope};
use keyward_service::{
    admin_key::{self, DescribedAdminKey},
    project,
};

use super::{ROOT, may_manage};
use crate::{
    Console,
    list::{Paging, Query},
    pages::parts::{Badge, when},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    name: String,
    preview: String,
    owner: String,
    roles: String,
    status: Badge,
    last_used: Option<When>,
    created: When,
    expires: Option<When>,
}

#[derive(Template)]
#[template(path = "admin_keys/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    paging: Paging,
    may_manage: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let listed = admin_key::list(&console.keyward, &visit.actor, query.page(Order::Desc)?).await?;
    let id = |described: &DescribedAdminKey| described.details.key.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let projects = project_names(&console, &visit, &listed.data).await?;
    let page = ListPage {
        shell: Shell::new(&visit, "Admin keys"),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.into_iter().map(|described| row(&visit, &projects, described)).collect(),
        may_manage: may_manage(&visit),
    };
    Ok(html(&page))
}

/// What the projects are called in which these keys hold roles, as far as the
/// visitor may know.
async fn project_names(
    console: &Console,
    visit: &Visit,
    keys: &[DescribedAdminKey],
) -> Result<BTreeMap<ProjectId, String>, Refused> {
    let mut names = BTreeMap::new();
    for id in keys.iter().flat_map(|key| &key.roles).filter_map(|(_, scope)| scope.project()) {
        if !names.contains_key(&id) && visit.may(Permission::ProjectRead, Scope::Project(id)) {
            let details = project::find(&console.keyward, &visit.actor, id).await?;
            names.insert(id, details.project.name.to_string());
        }
    }
    Ok(names)
}

fn row(visit: &Visit, projects: &BTreeMap<ProjectId, String>, described: DescribedAdminKey) -> Row {
    let roles = described.roles.iter().map(|(role, scope)| match scope.project() {
        None => role.name.to_string(),
        Some(id) => format!("{} in {}", role.name, projects.get(&id).map_or("a project", String::as_str)),
    });
    let roles = roles.collect::<Vec<_>>().join(", ");
    let details = described.details;
    let key = details.key;
    let status = if key.is_usable(visit.now) {
        Badge { kind: "good", shape: "active", label: "Active" }
    } else {
        Badge { kind: "", shape: "expired", label: "Expired" }
    };
    Row {
        href: format!("{ROOT}/{}", key.id),
        preview: key.redacted_value(),
        owner: details.owner.email.to_string(),
        roles: if roles.is_empty() { "All that its owner may".into() } else { roles },
        status,
        last_used: when(details.last_used_at, visit.now),
        created: When::new(key.created_at, visit.now),
        expires: when(key.expires_at, visit.now),
        name: key.name.to_string(),
    }
}
