//! `/organization/audit/verify`: proving that nobody touched the log.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{hex::to_hex, permission::Permission, role::Scope};
use keyward_service::audit::{self, Verification};

use crate::{
    Console, form::Form, pages::parts::counted, problem_page::Refused, respond::html, shell::Shell, visit::Visit,
    when::exact,
};

/// What was proven, in words.
struct Shown {
    holds: bool,
    /// How many events, and which: `12 events, #1 to #12`.
    proven: String,
    /// From when to when these are.
    period: Option<(String, String)>,
    /// The last event that retention deleted before them, if any.
    deleted_through: Option<i64>,
    /// What is wrong, and at which event; empty if nothing is.
    broken: String,
    broken_at: i64,
    /// The signed end: number, hash, public key.
    head: Option<(i64, String, String)>,
}

#[derive(Template)]
#[template(path = "audit/verify.html")]
struct VerifyPage {
    shell: Shell,
    shown: Option<Shown>,
}

fn shell(visit: &Visit) -> Shell {
    Shell::new(visit, "Verify").crumb("/organization/audit", "Audit log")
}

pub async fn ask(visit: Visit) -> Result<Response, Refused> {
    visit.require(Permission::AuditRead, Scope::Organization)?;
    Ok(html(&VerifyPage { shell: shell(&visit), shown: None }))
}

pub async fn verify(State(console): State<Console>, visit: Visit, _: Form) -> Result<Response, Refused> {
    let verification = audit::verify(&console.keyward, &visit.actor).await?;
    Ok(html(&VerifyPage { shell: shell(&visit), shown: Some(shown(verification)) }))
}

fn shown(verification: Verification) -> Shown {
    let first = verification.first_sequence;
    let last = first.saturating_add(verification.events).saturating_sub(1);
    let number = counted(verification.events, "event", "events");
    Shown {
        holds: verification.holds(),
        proven: match verification.events {
            0 => "No event".into(),
            1 => format!("{number}, #{first}"),
            _ => format!("{number}, #{first} to #{last}"),
        },
        period: verification.period.map(|(first, last)| (exact(first), exact(last))),
        deleted_through: Some(first.saturating_sub(1)).filter(|_| verification.begins_at_anchor()),
        broken_at: verification.broken.as_ref().map_or(0, |broken| broken.sequence),
        broken: verification.broken.map(|broken| broken.reason.to_string()).unwrap_or_default(),
        head: verification.head.map(|head| (head.sequence, to_hex(&head.hash), head.public_key.to_string())),
    }
}
