//! `…/api-keys/{id}/rotate`: a new secret for a key, with an overlap in which
//! both work if that is wanted.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use jiff::SignedDuration;
use keyward_service::api_key::{self, RotateApiKey};
use keyward_web::Problem;

use super::{Found, find, reveal};
use crate::{Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, visit::Visit, when::When};

#[derive(Template)]
#[template(path = "api_keys/rotate.html")]
struct RotatePage {
    shell: Shell,
    page: String,
    name: String,
    form: Form,
    overlaps: &'static [(&'static str, &'static str)],
}

/// How long the secret before may go on working, in seconds.
const OVERLAPS: &[(&str, &str)] = &[
    ("0", "No longer: it stops working at once"),
    ("3600", "For an hour"),
    ("86400", "For a day"),
    ("604800", "For 7 days"),
    ("2592000", "For 30 days"),
];

fn page(visit: &Visit, found: &Found, form: Form, status: StatusCode) -> Response {
    let shell = Shell::new(visit, "Regenerate")
        .within(visit, &found.project)
        .crumb(found.list(), "API keys")
        .crumb(found.page(), found.details.key.name.to_string());
    let name = found.details.key.name.to_string();
    html_with(status, &RotatePage { shell, page: found.page(), name, form, overlaps: OVERLAPS })
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let form = Form::filled([("overlap", "86400".into()), ("version", found.details.key.version.to_string())]);
    Ok(page(&visit, &found, form, StatusCode::OK))
}

pub async fn rotate(
    State(console): State<Console>,
    visit: Visit,
    Path(path): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &path).await?;
    let seconds = OVERLAPS.iter().find(|(seconds, _)| *seconds == form.text("overlap"));
    let overlap = seconds.and_then(|(seconds, _)| seconds.parse().ok()).map(SignedDuration::from_secs);
    let Some(overlap) = overlap else {
        let mut form = form;
        form.refuse("overlap", "Choose how much longer the present key works.");
        return Ok(page(&visit, &found, form, StatusCode::BAD_REQUEST));
    };
    let command = RotateApiKey { place: found.place, overlap, expected_version: form.version(), idempotency: None };
    match api_key::rotate(&console.keyward, &visit.actor, command).await {
        Ok(revealed) => {
            let until =
                revealed.details.key.previous.as_ref().map(|previous| When::new(previous.expires_at, visit.now));
            let overlap = until.map_or(reveal::Overlap::Over, reveal::Overlap::Until);
            reveal::page(&console, &visit, &found.project, &revealed, Some(overlap)).await
        }
        Err(error) => {
            let problem = Problem::from(error);
            Ok(page(&visit, &found, form.take(&problem, &[("overlap_seconds", "overlap")]), problem.status))
        }
    }
}
