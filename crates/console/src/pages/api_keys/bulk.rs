//! Several keys at once: disable or revoke those that were chosen, and the list
//! as CSV.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use keyward_domain::{
    Timestamp,
    api_key::KeyPatch,
    csv,
    id::ApiKeyId,
    page::{Cursor, Order, Page},
    project::Project,
};
use keyward_service::{
    Error,
    api_key::{self, ApiKeyDetails, ApiKeyPlace, KeySort, ListApiKeys, UpdateApiKey},
};

use super::list::{filter, owner_label};
use crate::{
    Console,
    form::Form,
    list::Query,
    pages::{confirm::Ask, parts::counted, projects},
    problem_page::Refused,
    respond::to,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

/// Most keys that are read at once for a CSV.
const BATCH: u32 = 100;

fn chosen(form: &Form) -> Vec<ApiKeyId> {
    form.all("key").filter_map(|id| id.parse().ok()).take(BATCH as usize).collect()
}

fn question(project: &Project, action: &str, keys: &[ApiKeyDetails]) -> Result<Ask, Error> {
    let root = format!("/projects/{}/api-keys", project.id);
    let names: Vec<_> = keys.iter().map(|details| details.key.name.to_string()).collect();
    let number = counted(i64::try_from(keys.len()).unwrap_or(i64::MAX), "API key", "API keys");
    let (title, effect, button, typed) = match action {
        "disable" => (
            format!("Disable {number}?"),
            "Disabling immediately blocks every call that uses them. Set them back to Active to allow calls again.",
            "Disable",
            None,
        ),
        "revoke" => (
            format!("Revoke {number}?"),
            "All of them stop working at once, for good. This can't be undone. Update the applications that use them first.",
            "Revoke",
            Some(number),
        ),
        _ => return Err(Error::NotFound("page")),
    };
    Ok(Ask {
        title,
        lines: vec![effect.into(), names.join(", ")],
        action: format!("{root}/bulk/{action}"),
        button,
        back: root,
        is_destructive: true,
        typed,
        hidden: keys.iter().map(|details| ("key", details.key.id.to_string())).collect(),
        ..Ask::default()
    })
}

async fn find_chosen(
    console: &Console,
    visit: &Visit,
    project: &Project,
    form: &Form,
) -> Result<Vec<ApiKeyDetails>, Error> {
    let mut keys = Vec::new();
    for key in chosen(form) {
        keys.push(api_key::find(&console.keyward, &visit.actor, ApiKeyPlace { project: project.id, key }).await?);
    }
    Ok(keys)
}

/// Asks whether to do it; a CSV is answered at once.
pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let keys = find_chosen(&console, &visit, &project, &form).await?;
    if keys.is_empty() {
        return Ok(to(&format!("/projects/{}/api-keys", project.id)));
    }
    if form.text("action") == "export" {
        let mut text = COLUMNS.to_owned();
        keys.iter().for_each(|details| write_row(&mut text, details, visit.now));
        return Ok(download(&project, text));
    }
    let ask = question(&project, form.text("action"), &keys)?;
    Ok(ask.page(shell(&visit, &project)))
}

fn shell(visit: &Visit, project: &Project) -> Shell {
    Shell::new(visit, "Several keys")
        .within(visit, project)
        .crumb(format!("/projects/{}/api-keys", project.id), "API keys")
}

/// Does it, key by key; stops at the first that can't be changed and says how
/// far it came.
pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, action)): Path<(String, String)>,
    mut form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let keys = find_chosen(&console, &visit, &project, &form).await?;
    let ask = question(&project, &action, &keys)?;
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell(&visit, &project), form, axum::http::StatusCode::BAD_REQUEST));
    }
    let mut done = 0;
    for details in &keys {
        let place = ApiKeyPlace { project: project.id, key: details.key.id };
        let patch = KeyPatch { disabled: Some(true), ..KeyPatch::default() };
        let command = UpdateApiKey { place, patch, expected_version: None };
        let outcome = if action == "disable" {
            api_key::update(&console.keyward, &visit.actor, command).await
        } else {
            api_key::revoke(&console.keyward, &visit.actor, place, None).await
        };
        if let Err(error) = outcome {
            let mut problem = keyward_web::Problem::from(error);
            let so_far = counted(done, "key was", "keys were");
            problem.message = format!("{}: {} ({so_far} changed before it)", details.key.name, problem.message);
            return Ok(ask.refused(shell(&visit, &project), form, &problem));
        }
        done += 1;
    }
    let word = if action == "disable" { "disabled" } else { "revoked" };
    let text = format!("{} {word}.", counted(done, "API key was", "API keys were"));
    Ok(to_telling(&format!("/projects/{}/api-keys", project.id), text))
}

/// All keys that an address asks for, as CSV.
pub async fn export(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let mut page = Page { limit: BATCH, order: Order::Desc, cursor: None };
    let mut text = COLUMNS.to_owned();
    loop {
        let command = ListApiKeys {
            project: project.id,
            filter: filter(&query, visit.now),
            sort: KeySort::default(),
            page: page.clone(),
        };
        let listed = api_key::list(&console.keyward, &visit.actor, command).await?;
        listed.data.iter().for_each(|details| write_row(&mut text, details, visit.now));
        let last = listed.data.last().map(|details| details.key.id);
        match last {
            Some(last) if listed.has_more => page.cursor = Some(Cursor::After(last)),
            _ => return Ok(download(&project, text)),
        }
    }
}

const COLUMNS: &str =
    "id,name,preview,status,environment,requests,cached,request_cap,last_used_at,created_by,created_at,expires_at\r\n";

fn write_row(text: &mut String, details: &ApiKeyDetails, now: Timestamp) {
    let ApiKeyDetails { key, usage, owner, .. } = details;
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let cells = [
        key.id.to_string(),
        key.name.to_string(),
        key.redacted_value(),
        key.status(now).as_str().to_owned(),
        key.environment.clone().unwrap_or_default(),
        usage.request_count.to_string(),
        usage.cached_count.to_string(),
        key.max_requests.map(|most| most.to_string()).unwrap_or_default(),
        time(usage.last_used_at),
        owner_label(owner),
        time(Some(key.created_at)),
        time(key.expires_at),
    ];
    text.push_str(&cells.map(|cell| csv::cell(&cell)).join(","));
    text.push_str("\r\n");
}

fn download(project: &Project, text: String) -> Response {
    let name = format!("attachment; filename=\"api-keys-{}.csv\"", project.id);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"))),
    ];
    (headers, text).into_response()
}
