//! Groups in a project: which hold a role here, adding and taking out, and what
//! each holds.

mod add;
pub mod show;

use axum::{Router, routing::get};
use keyward_domain::{
    page::{Cursor, Order, Page},
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_service::{group, project_group};

use super::roles::ProjectRoles;
use crate::{Console, problem_page::Refused, visit::Visit, when::When};

/// Rows that are read at once.
const BATCH: u32 = 100;
/// Most groups that are offered.
const MOST_OFFERED: usize = 500;

pub fn routes() -> Router<Console> {
    Router::new().route("/projects/{project_id}/manage/groups", get(add::back).post(add::add))
}

/// What the addresses of groups begin with.
pub fn root(project: &Project) -> String {
    format!("/projects/{}/manage/groups", project.id)
}

/// A group of the project in the list.
pub struct GroupRow {
    id: String,
    /// Its page, if the visitor may see what is on it.
    pub href: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it holds here.
    pub roles: String,
    /// Since when.
    pub added: When,
}

/// The groups of a project.
pub async fn rows(
    console: &Console,
    visit: &Visit,
    project: &Project,
    roles: &ProjectRoles,
    sees_page: bool,
) -> Result<Vec<GroupRow>, Refused> {
    let mut page = Page { limit: BATCH, order: Order::Asc, cursor: None };
    let mut rows = Vec::new();
    loop {
        let listed = project_group::list(&console.keyward, &visit.actor, project.id, page.clone()).await?;
        let last = listed.data.last().map(|held| held.group.id);
        rows.extend(listed.data.into_iter().map(|held| GroupRow {
            id: held.group.id.to_string(),
            href: sees_page.then(|| format!("{}/{}", root(project), held.group.id)),
            name: held.group.name.to_string(),
            roles: roles.names(&held.roles),
            added: When::new(held.added_at, visit.now),
        }));
        match last {
            Some(last) if listed.has_more => page.cursor = Some(Cursor::After(last)),
            _ => break,
        }
    }
    Ok(rows)
}

/// The organization's groups that aren't in the project yet, by name, as far as
/// the visitor may know of them; and whether there are more.
pub async fn addable(
    console: &Console,
    visit: &Visit,
    present: &[GroupRow],
) -> Result<(Vec<(String, String)>, bool), Refused> {
    if !visit.may(Permission::GroupsRead, Scope::Organization) {
        return Ok((Vec::new(), false));
    }
    let mut page = Page { limit: BATCH, order: Order::Desc, cursor: None };
    let mut found: Vec<(String, String)> = Vec::new();
    let has_more = loop {
        let listed = group::list(&console.keyward, &visit.actor, page.clone()).await?;
        let last = listed.data.last().map(|group| group.id);
        let all = listed.data.into_iter().map(|group| (group.id.to_string(), group.name.to_string()));
        found.extend(all.filter(|(id, _)| present.iter().all(|row| row.id != *id)));
        match last {
            Some(last) if listed.has_more && found.len() < MOST_OFFERED => page.cursor = Some(Cursor::After(last)),
            _ => break listed.has_more,
        }
    };
    found.sort_by_cached_key(|(_, name)| name.to_lowercase());
    Ok((found, has_more))
}
