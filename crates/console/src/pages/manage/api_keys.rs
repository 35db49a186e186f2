//! `GET /projects/{id}/manage/api-keys`: whether there is a key, and what can
//! be done about it, without going through the list.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{
    api_key::KeyStatus,
    page::{Order, Page},
    permission::Permission,
    role::Scope,
};
use keyward_service::api_key::{self, ApiKeyFilter, KeySort, ListApiKeys};

use super::tabs;
use crate::{
    Console,
    pages::{
        parts::{Badge, Tab, when},
        projects,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Key {
    href: String,
    name: String,
    preview: String,
    status: Badge,
    created: When,
    last_used: Option<When>,
}

#[derive(Template)]
#[template(path = "manage/api_keys.html")]
struct ApiKeysPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    key: Option<Key>,
    others: bool,
    is_active: bool,
    can_create: bool,
    can_rotate: bool,
    can_revoke: bool,
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let filter = ApiKeyFilter { status: Some(KeyStatus::Active), ..ApiKeyFilter::default() };
    let page = Page { limit: 2, order: Order::Desc, cursor: None };
    let listed = api_key::list(
        &console.keyward,
        &visit.actor,
        ListApiKeys { project: project.id, filter, sort: KeySort::default(), page },
    )
    .await?;
    let root = format!("/projects/{}/api-keys", project.id);
    let others = listed.data.len() > 1;
    let key = listed.data.into_iter().next().map(|details| Key {
        href: format!("{root}/{}", details.key.id),
        name: details.key.name.to_string(),
        preview: details.key.redacted_value(),
        status: Badge::api_key(&details.key, visit.now),
        created: When::new(details.key.created_at, visit.now),
        last_used: when(details.usage.last_used_at, visit.now),
    });
    let may = |permission| visit.may(permission, Scope::Project(project.id));
    let page = ApiKeysPage {
        shell: Shell::new(&visit, "Manage").within(&visit, &project),
        tabs: tabs(&visit, &project),
        key,
        others,
        is_active: project.is_active(),
        can_create: may(Permission::ApiKeysCreate),
        can_rotate: may(Permission::ApiKeysRotate),
        can_revoke: may(Permission::ApiKeysRevoke),
        root,
    };
    Ok(html(&page))
}
