//! Where one is signed in, and ending that.

use axum::{
    extract::{Path, State},
    http::header,
    response::Response,
};
use keyward_domain::id::SessionId;
use keyward_service::{Error, account, session::Session};
use keyward_web::cookie;

use super::device::device;
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, parts::counted},
    problem_page::Refused,
    respond::to,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

/// A session as its user sees it.
pub struct SessionRow {
    pub id: String,
    pub device: String,
    /// All that the browser said of itself.
    pub user_agent: String,
    pub address: String,
    pub method: &'static str,
    pub since: When,
    pub last_seen: When,
    pub is_here: bool,
}

impl SessionRow {
    pub fn new(session: Session, visit: &Visit) -> Self {
        Self {
            id: session.id.to_string(),
            device: device(session.user_agent.as_deref()),
            user_agent: session.user_agent.unwrap_or_default(),
            address: session.ip.unwrap_or_else(|| "unknown".into()),
            method: if session.sso_provider.is_some() { "single sign-on" } else { "password" },
            since: When::new(session.created_at, visit.now),
            last_seen: When::new(session.last_seen_at, visit.now),
            is_here: session.id == visit.account.session.id,
        }
    }
}

fn shell(visit: &Visit, title: &str) -> Shell {
    Shell::new(visit, title).crumb("/account", "Your account")
}

async fn find(console: &Console, visit: &Visit, id: &str) -> Result<Session, Refused> {
    let id: SessionId = id.parse().map_err(|_| Error::NotFound("session"))?;
    let mut sessions = account::sessions(&console.keyward, &visit.actor).await?.into_iter();
    Ok(sessions.find(|session| session.id == id).ok_or(Error::NotFound("session"))?)
}

fn question(session: &Session) -> Ask {
    let device = device(session.user_agent.as_deref());
    let from = session.ip.as_ref().map_or_else(String::new, |ip| format!(" from {ip}"));
    Ask {
        title: format!("Sign out {device}?"),
        lines: vec![
            format!("Whoever uses Keyward there{from} must sign in again at once."),
            "Was it somebody else? Then change your password too.".into(),
        ],
        action: format!("/account/sessions/{}/end", session.id),
        button: "Sign Out",
        back: "/account".into(),
        is_destructive: true,
        ..Ask::default()
    }
}

pub async fn ask_end(
    State(console): State<Console>,
    visit: Visit,
    Path(session_id): Path<String>,
) -> Result<Response, Refused> {
    let session = find(&console, &visit, &session_id).await?;
    Ok(question(&session).page(shell(&visit, "Sign out")))
}

pub async fn end(
    State(console): State<Console>,
    visit: Visit,
    Path(session_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let session = find(&console, &visit, &session_id).await?;
    if let Err(error) = account::end_session(&console.keyward, &visit.actor, session.id).await {
        return Ok(question(&session).refused(shell(&visit, "Not possible"), form, &error.into()));
    }
    if session.id == visit.account.session.id {
        let mut response = to("/login");
        response.headers_mut().append(header::SET_COOKIE, cookie::clear_session());
        return Ok(response);
    }
    Ok(to_telling("/account", format!("{} is signed out.", device(session.user_agent.as_deref()))))
}

fn question_of_others() -> Ask {
    Ask {
        title: "Sign out everywhere else?".into(),
        lines: vec!["All your sessions but this one end at once. Here you stay signed in.".into()],
        action: "/account/sessions/end-others".into(),
        button: "Sign Out Everywhere Else",
        back: "/account".into(),
        is_destructive: true,
        ..Ask::default()
    }
}

pub async fn ask_end_others(visit: Visit) -> Response {
    question_of_others().page(shell(&visit, "Sign out everywhere else"))
}

pub async fn end_others(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    match account::end_other_sessions(&console.keyward, &visit.actor).await {
        Ok(ended) => {
            let ended = i64::try_from(ended).unwrap_or(i64::MAX);
            Ok(to_telling("/account", format!("{} ended.", counted(ended, "other session was", "other sessions were"))))
        }
        Err(error) => Ok(question_of_others().refused(shell(&visit, "Not possible"), form, &error.into())),
    }
}
