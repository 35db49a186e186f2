//! `GET /organization/audit`, `GET /projects/{id}/manage/audit`

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::{civil::Date, tz::TimeZone};
use keyward_domain::{Timestamp, audit::Outcome, audit_type::WRITTEN, page::Order, permission::Permission};
use keyward_service::audit::{self, AuditQuery, AuditRecord, ListAuditEvents};
use keyward_web::Problem;
use serde_json::Value;

use crate::{
    Console,
    list::{Paging, Query},
    pages::{
        parts::{Badge, Tab, actor_label},
        place::Place,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
    when::When,
};

struct Row {
    at: When,
    kind: String,
    outcome: Option<Badge>,
    by: String,
    project: String,
    targets: Vec<String>,
    before: String,
    after: String,
    ip: String,
    user_agent: String,
    request_id: String,
    sequence: i64,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    query: Query,
    kinds: Vec<(String, String)>,
    rows: Vec<Row>,
    paging: Paging,
    /// Where the same events are to be had as files, if the visitor may.
    exports: Vec<(String, &'static str)>,
    /// Whether the whole log can be proven from here.
    can_verify: bool,
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let wanted = wanted(&place, &query)?;
    let order = if query.get("order") == "oldest" { Order::Asc } else { Order::Desc };
    let command = ListAuditEvents { query: wanted, page: query.page(order)? };
    let listed = audit::list(&console.keyward, &place.visit.actor, command).await?;
    let id = |record: &AuditRecord| record.event.id.clone();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let root = match &place.project {
        Some(project) => format!("/projects/{}/manage/audit", project.id),
        None => "/organization/audit".to_owned(),
    };
    let page = AuditPage {
        shell: place.shell("Audit log"),
        tabs: place.manage_tabs(),
        kinds: kinds(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.into_iter().map(|record| row(record, place.visit.now)).collect(),
        exports: if place.may(Permission::AuditExport) { exports(&place, &query) } else { Vec::new() },
        can_verify: place.project.is_none() && place.may(Permission::AuditRead),
        root,
        query,
    };
    Ok(html(&page))
}

fn wanted(place: &Place, query: &Query) -> Result<AuditQuery, Problem> {
    Ok(AuditQuery {
        from: day(query, "from")?,
        until: day(query, "until")?,
        project_ids: place.project_id().map(|id| id.to_string()).into_iter().collect(),
        event_types: query.optional("type").into_iter().collect(),
        actor_emails: query.optional("actor").into_iter().collect(),
        resource_ids: query.optional("target").into_iter().collect(),
        outcome: match query.get("outcome") {
            "success" => Some(Outcome::Success),
            "denied" => Some(Outcome::Denied),
            "failed" => Some(Outcome::Failed),
            _ => None,
        },
        search: query.optional("search"),
        ..AuditQuery::default()
    })
}

/// The beginning of a day, in UTC.
fn day(query: &Query, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query.optional(name) else { return Ok(None) };
    let begin = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let wrong = || keyward_domain::Invalid::new(name, "This isn't a day: write it like 2027-01-31.");
    Ok(Some(begin.ok_or_else(wrong)?.timestamp()))
}

/// The types of events, each kind of thing once.
fn kinds() -> Vec<(String, String)> {
    let mut kinds = vec![(String::new(), "All events".to_owned())];
    for name in WRITTEN {
        let Some((thing, _)) = name.rsplit_once('.') else { continue };
        let kind = format!("{thing}.*");
        if kinds.iter().all(|(known, _)| *known != kind) {
            kinds.push((kind.clone(), kind));
        }
    }
    kinds[1..].sort();
    kinds
}

/// The admin API gives them out, with the same filters.
fn exports(place: &Place, query: &Query) -> Vec<(String, &'static str)> {
    let formats = [("csv", "CSV"), ("jsonl", "JSON lines, provable"), ("ocsf", "OCSF")];
    let address = |format: &str| {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.append_pair("format", format);
        if let Some(project) = place.project_id() {
            text.append_pair("project_ids[]", &project.to_string());
        }
        for (ours, theirs) in [
            ("type", "event_types[]"),
            ("actor", "actor_emails[]"),
            ("target", "resource_ids[]"),
            ("outcome", "outcome"),
            ("search", "search"),
        ] {
            if let Some(value) = query.optional(ours) {
                text.append_pair(theirs, &value);
            }
        }
        for (ours, theirs) in [("from", "effective_at[gte]"), ("until", "effective_at[lt]")] {
            if let Ok(Some(at)) = day(query, ours) {
                text.append_pair(theirs, &at.as_second().to_string());
            }
        }
        format!("/v1/organization/audit_logs/export?{}", text.finish())
    };
    formats.into_iter().map(|(format, label)| (address(format), label)).collect()
}

fn row(record: AuditRecord, now: Timestamp) -> Row {
    let event = record.event;
    Row {
        at: When::new(Timestamp::from_millisecond(event.at_ms).unwrap_or(now), now),
        outcome: match event.outcome {
            Outcome::Success => None,
            Outcome::Denied => Some(Badge { kind: "bad", shape: "revoked", label: "Denied" }),
            Outcome::Failed => Some(Badge { kind: "warn", shape: "warn", label: "Failed" }),
        },
        by: actor_label(&event),
        project: event.project.map(|project| project.name).unwrap_or_default(),
        targets: event.targets,
        before: pretty(&event.before),
        after: pretty(&event.after),
        ip: event.ip.unwrap_or_default(),
        user_agent: event.user_agent.unwrap_or_default(),
        request_id: event.request_id.unwrap_or_default(),
        sequence: event.sequence,
        kind: event.event_type,
    }
}

fn pretty(value: &Value) -> String {
    if value.is_null() { String::new() } else { serde_json::to_string_pretty(value).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_offered_is_a_type_that_the_log_knows() {
        for (kind, _) in &kinds()[1..] {
            assert!(keyward_domain::audit_type::is_known(kind), "{kind}");
        }
    }
}
