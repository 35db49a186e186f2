//! `…/api-keys/{id}`: everything about a key, editable.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    Invalid, Name, Timestamp,
    api_key::{KeyAccess, KeyPatch, KeyStatus},
    budget::Spending,
    money::dollars,
    page::{Order, Page},
};
use keyward_service::{
    api_key::{self, UpdateApiKey},
    audit::{self, AuditQuery, ListAuditEvents},
};
use keyward_web::Problem;

use super::{
    Found, May,
    fields::{self, FIELDS, NEW_ENDS},
    find,
    list::{owner_label, owner_page, requests},
};
use crate::{
    Console,
    form::Form,
    pages::{
        budgets::fields as budgets,
        limits::fields as limits,
        parts::{Badge, actor_label, grouped, when},
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

/// How many audit events are shown.
const EVENTS: u32 = 10;

struct Previous {
    preview: String,
    expires: When,
    last_used: Option<When>,
}

struct EventRow {
    kind: String,
    by: String,
    at: When,
}

#[derive(Template)]
#[template(path = "api_keys/details.html")]
struct DetailsPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    preview: String,
    status: Badge,
    is_final: bool,
    is_disabled: bool,
    form: Form,
    ends: &'static [(&'static str, &'static str)],
    scopes: Vec<&'static str>,
    limits: String,
    budget: String,
    owner: String,
    /// The page of the service account whose it is.
    owner_page: Option<String>,
    created: When,
    updated: When,
    expires: Option<When>,
    requests: String,
    cached: String,
    input_tokens: String,
    output_tokens: String,
    cost: String,
    last_used: Option<When>,
    last_used_ip: String,
    previous: Option<Previous>,
    events: Vec<EventRow>,
    may: May,
}

async fn page(
    console: &Console,
    visit: &Visit,
    found: Found,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let may = May::new(visit, &found.project);
    let events = if may.see_audit { events(console, visit, &found).await? } else { Vec::new() };
    let (address, shell) = (found.page(), Shell::new(visit, found.details.key.name.to_string()));
    let shell = shell.within(visit, &found.project).crumb(found.list(), "API keys");
    let api_key::ApiKeyDetails { key, usage, owner, spending } = found.details;
    let (preview, is_final) = (key.redacted_value(), key.status(visit.now) == KeyStatus::Revoked);
    let previous = key.previous.as_ref().filter(|previous| visit.now < previous.expires_at).map(|previous| Previous {
        preview: format!("sk-project-...{}", previous.last_four),
        expires: When::new(previous.expires_at, visit.now),
        last_used: when(usage.previous_last_used_at, visit.now),
    });
    let page = DetailsPage {
        shell,
        page: address,
        id: key.id.to_string(),
        name: key.name.to_string(),
        preview,
        status: Badge::api_key(&key, visit.now),
        is_final,
        is_disabled: key.disabled,
        form,
        ends: NEW_ENDS,
        scopes: fields::scopes(),
        limits: limits::summary(&key.access.limits),
        budget: budget(&key.access, spending),
        owner: owner_label(&owner),
        owner_page: owner_page(visit, &key, &owner),
        created: When::new(key.created_at, visit.now),
        updated: When::new(key.updated_at, visit.now),
        expires: when(key.expires_at, visit.now),
        requests: requests(usage.request_count, key.max_requests),
        cached: grouped(usage.cached_count),
        input_tokens: grouped(usage.input_tokens),
        output_tokens: grouped(usage.output_tokens),
        cost: format!("${}", dollars(usage.cost_nanos)),
        last_used: when(usage.last_used_at, visit.now),
        last_used_ip: usage.last_used_ip.map(|ip| ip.to_string()).unwrap_or_default(),
        previous,
        events,
        may,
    };
    Ok(html_with(status, &page))
}

async fn events(console: &Console, visit: &Visit, found: &Found) -> Result<Vec<EventRow>, Refused> {
    let query = AuditQuery {
        project_ids: vec![found.project.id.to_string()],
        resource_ids: vec![found.place.key.to_string()],
        ..AuditQuery::default()
    };
    let page = Page { limit: EVENTS, order: Order::Desc, cursor: None };
    let listed = audit::list(&console.keyward, &visit.actor, ListAuditEvents { query, page }).await?;
    let row = |record: audit::AuditRecord| EventRow {
        by: actor_label(&record.event),
        at: When::new(Timestamp::from_millisecond(record.event.at_ms).unwrap_or(visit.now), visit.now),
        kind: record.event.event_type,
    };
    Ok(listed.data.into_iter().map(row).collect())
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let form = fields::filled(&found.details.key);
    page(&console, &visit, found, form, StatusCode::OK).await
}

/// What two people may change at the same time, with its label.
const EDITED: &[(&str, &str)] = &[
    ("Name", "name"),
    ("Status", "status"),
    ("Cap of requests", "max_requests"),
    ("Requests a minute", "requests_per_minute"),
    ("Tokens a minute", "tokens_per_minute"),
    ("Calls at one time", "parallel_requests"),
    ("Shadow mode of limits", "limits_shadow"),
    ("Shadow mode of the budget", "budget_shadow"),
    ("Scopes", "scopes"),
    ("Models", "allowed_models"),
    ("Networks", "allowed_ips"),
    ("Origins", "allowed_origins"),
    ("Only with an origin", "require_origin"),
    ("Environment", "environment"),
    ("Metadata", "metadata"),
];

pub async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let outcome = async {
        let (patch, expected_version) = (patch(&form, visit.now)?, form.version());
        let command = UpdateApiKey { place: found.place, patch, expected_version };
        Ok::<_, Problem>(api_key::update(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&found.page(), "The API key has been updated.")),
        Err(problem) if problem.code == "stale_version" => {
            let form = form.overtaken(&fields::filled(&found.details.key), "API key", EDITED);
            page(&console, &visit, found, form, problem.status).await
        }
        Err(problem) => page(&console, &visit, found, form.take(&problem, FIELDS), problem.status).await,
    }
}

fn patch(form: &Form, now: Timestamp) -> Result<KeyPatch, Invalid> {
    let disabled = match form.text("status") {
        "active" => Some(false),
        "disabled" => Some(true),
        _ => None,
    };
    Ok(KeyPatch {
        name: Some(Name::parse("name", form.text("name"))?),
        disabled,
        expires_at: fields::expiry(form, now)?,
        max_requests: Some(fields::max_requests(form)?),
        access: fields::access(form)?,
        environment: Some(fields::environment(form)?),
        metadata: Some(fields::metadata(form)?),
    })
}

/// What its own budget is and how it stands, in a few words; empty without one.
fn budget(access: &KeyAccess, spending: Option<Spending>) -> String {
    let summary = access.budget.as_ref().map(budgets::summary);
    summary.map_or_else(String::new, |terms| format!("{terms}: {}", budgets::stands(spending.unwrap_or_default())))
}
