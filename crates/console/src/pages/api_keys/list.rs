//! `GET /projects/{id}/api-keys`

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    api_key::{ApiKey, KeyStatus},
    id::ProjectId,
    page::Order,
    permission::Permission,
    role::Scope,
};
use keyward_service::{
    Error,
    api_key::{self, ApiKeyDetails, ApiKeyFilter, KeyOwner, KeySort, ListApiKeys, Unused},
};

use super::May;
use crate::{
    Console,
    columns::{self, Chosen, Column, Head, Shown},
    form::Form,
    list::{Paging, Query},
    pages::{
        parts::{Badge, grouped, when},
        projects, service_accounts,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    id: String,
    href: String,
    name: String,
    preview: String,
    status: Badge,
    environment: Option<String>,
    scopes: String,
    limits: String,
    requests: String,
    cached: String,
    last_used: Option<When>,
    created_by: String,
    /// The page of the service account whose it is.
    owner_page: Option<String>,
    created: When,
    expires: Option<When>,
    is_disabled: bool,
    is_final: bool,
}

#[derive(Template)]
#[template(path = "api_keys/list.html")]
struct ListPage {
    shell: Shell,
    root: String,
    query: Query,
    heads: Vec<Head>,
    chosen: Chosen,
    /// This list as it is now.
    here: String,
    rows: Vec<Row>,
    paging: Paging,
    may: May,
    is_active: bool,
    export: String,
}

/// Which keys an address asks for.
pub fn filter(query: &Query, now: Timestamp) -> ApiKeyFilter {
    let since = |days: i64| Some(Unused::Since(now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now)));
    ApiKeyFilter {
        status: KeyStatus::parse(query.get("status")),
        search: query.optional("search"),
        environment: query.optional("environment"),
        unused: match query.get("unused") {
            "ever" => Some(Unused::Ever),
            "30" => since(30),
            "90" => since(90),
            _ => None,
        },
        service_account: None,
    }
}

const fn column(
    name: &'static str,
    label: &'static str,
    sort: Option<(KeySort, Order)>,
    shown: Shown,
) -> Column<KeySort> {
    Column { name, label, sort, is_number: matches!(sort, Some((KeySort::Requests, _))), shown }
}

const COLUMNS: &[Column<KeySort>] = &[
    column("name", "API key", Some((KeySort::Name, Order::Asc)), Shown::Always),
    column("id", "ID", None, Shown::Wanted),
    column("status", "Status", Some((KeySort::Status, Order::Asc)), Shown::Usually),
    column("scopes", "Scopes and limits", None, Shown::Usually),
    column("requests", "Requests", Some((KeySort::Requests, Order::Desc)), Shown::Usually),
    Column { name: "cached", label: "Cached", sort: None, is_number: true, shown: Shown::Usually },
    column("last-used", "Last used", Some((KeySort::LastUse, Order::Desc)), Shown::Usually),
    column("created", "Created on, by", Some((KeySort::Creation, Order::Desc)), Shown::Usually),
    column("expires", "Expires", Some((KeySort::Expiry, Order::Asc)), Shown::Usually),
];
/// The list's name in the cookie that keeps its columns.
const LIST: &str = "api-keys";

/// Keeps which columns are shown, in every project.
pub async fn choose_columns(_: Visit, Path(project_id): Path<String>, form: Form) -> Result<Response, Refused> {
    let project: ProjectId = project_id.parse().map_err(|_| Error::NotFound("project"))?;
    Ok(columns::keep(LIST, COLUMNS, &format!("/projects/{project}/api-keys"), &form))
}

pub async fn list(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let chosen = Chosen::read(LIST, COLUMNS, &headers);
    let (_, sort, order) = columns::sorting(&query, COLUMNS, "created");
    let command =
        ListApiKeys { project: project.id, filter: filter(&query, visit.now), sort, page: query.page(order)? };
    let listed = api_key::list(&console.keyward, &visit.actor, command).await?;
    let id = |details: &ApiKeyDetails| details.key.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = format!("/projects/{}/api-keys", project.id);
    let page = ListPage {
        shell: Shell::new(&visit, "API keys").within(&visit, &project),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.into_iter().map(|details| row(&root, details, &visit)).collect(),
        may: May::new(&visit, &project),
        is_active: project.is_active(),
        export: export_address(&root, &query),
        heads: columns::heads(&query, COLUMNS, "created", &chosen),
        chosen,
        here: query.with(&[]),
        root,
        query,
    };
    Ok(html(&page))
}

fn export_address(root: &str, query: &Query) -> String {
    let here = query.with(&[("after", ""), ("before", "")]);
    let filters = here.split_once('?').map(|(_, filters)| format!("?{filters}")).unwrap_or_default();
    format!("{root}/export{filters}")
}

fn row(root: &str, details: ApiKeyDetails, visit: &Visit) -> Row {
    let ApiKeyDetails { key, usage, owner, .. } = details;
    let now = visit.now;
    let status = key.status(now);
    Row {
        id: key.id.to_string(),
        href: format!("{root}/{}", key.id),
        preview: key.redacted_value(),
        status: Badge::api_key(&key, now),
        scopes: scopes(key.access.scopes.len()),
        limits: limits(&key.access),
        requests: requests(usage.request_count, key.max_requests),
        cached: grouped(usage.cached_count),
        last_used: when(usage.last_used_at, now),
        created_by: owner_label(&owner),
        owner_page: owner_page(visit, &key, &owner),
        created: When::new(key.created_at, now),
        expires: when(key.expires_at, now),
        is_disabled: key.disabled,
        is_final: matches!(status, KeyStatus::Revoked),
        name: key.name.to_string(),
        environment: key.environment,
    }
}

fn scopes(number: usize) -> String {
    match number {
        0 => "All scopes".into(),
        1 => "1 scope".into(),
        _ => format!("{number} scopes"),
    }
}

fn limits(access: &keyward_domain::api_key::KeyAccess) -> String {
    let mut limits = Vec::new();
    if !access.limits.is_empty() {
        limits.push(if access.limits.shadow { "Rates (shadow)" } else { "Rates" });
    }
    if let Some(budget) = &access.budget {
        limits.push(if budget.shadow { "Budget (shadow)" } else { "Budget" });
    }
    if !access.allowed_models.as_slice().is_empty() {
        limits.push("Models");
    }
    if !access.allowed_ips.is_empty() {
        limits.push("Networks");
    }
    if !access.allowed_origins.is_empty() || access.require_origin {
        limits.push("Origins");
    }
    limits.join(", ")
}

/// Calls that were made, of how many.
pub fn requests(count: u64, most: Option<u64>) -> String {
    format!("{} / {}", grouped(count), most.map_or("∞".to_owned(), grouped))
}

/// The page of the service account whose a key is, if the visitor may see it. A
/// deleted account has no page, and its keys are revoked with it.
pub fn owner_page(visit: &Visit, key: &ApiKey, owner: &KeyOwner) -> Option<String> {
    let KeyOwner::ServiceAccount(account) = owner else { return None };
    let is_seen = key.revoked_at.is_none() && visit.may(Permission::ServiceAccountsRead, Scope::Project(key.project));
    is_seen.then(|| service_accounts::page_of(account))
}

/// Whose a key is.
pub fn owner_label(owner: &KeyOwner) -> String {
    match owner {
        KeyOwner::User { user, .. } => user.name.to_string(),
        KeyOwner::ServiceAccount(account) => format!("{} (service account)", account.name),
        KeyOwner::Nobody => "Nobody any more".into(),
    }
}
