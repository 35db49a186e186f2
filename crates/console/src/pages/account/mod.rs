//! `/account`: what is a person's own: name, password, second factor, sessions,
//! how pages look, and the organization that they look at.

mod device;
mod organization;
mod password;
mod profile;
mod qr_code;
mod second_factor;
mod sessions;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use keyward_service::{account, password_reset};

use self::sessions::SessionRow;
use super::parts::{Badge, counted};
use crate::{Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/account", get(show).post(profile::rename))
        .route("/account/theme", post(profile::choose_theme))
        .route("/account/organization", post(organization::switch))
        .route("/account/password", get(password::show).post(password::change))
        .route("/account/second-factor", get(second_factor::ask_start).post(second_factor::start))
        .route("/account/second-factor/confirm", get(second_factor::ask_confirm).post(second_factor::confirm))
        .route("/account/second-factor/recovery-codes", get(second_factor::ask_renew).post(second_factor::renew))
        .route("/account/second-factor/remove", get(second_factor::ask_remove).post(second_factor::remove))
        .route("/account/sessions/end-others", get(sessions::ask_end_others).post(sessions::end_others))
        .route("/account/sessions/{session_id}/end", get(sessions::ask_end).post(sessions::end))
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    shell: Shell,
    profile: Form,
    theme: Form,
    themes: &'static [(&'static str, &'static str)],
    email: String,
    has_password: bool,
    /// Whether a link to set a password can be asked for.
    is_by_mail: bool,
    has_second_factor: bool,
    factor: Badge,
    codes_left: String,
    has_few_codes: bool,
    sessions: Vec<SessionRow>,
}

const THEMES: &[(&str, &str)] = &[("", "As the system has it"), ("light", "Light"), ("dark", "Dark")];

/// Fewer recovery codes than this are few.
const FEW_CODES: i64 = 3;

async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refused> {
    let profile = Form::filled([("name", visit.account.user.name.to_string())]);
    page(&console, &visit, profile, StatusCode::OK).await
}

async fn page(console: &Console, visit: &Visit, profile: Form, status: StatusCode) -> Result<Response, Refused> {
    let of = &visit.account;
    let sessions = account::sessions(&console.keyward, &visit.actor).await?;
    let page = AccountPage {
        shell: Shell::new(visit, "Your account"),
        profile,
        theme: Form::filled([("theme", visit.look.theme.to_owned())]),
        themes: THEMES,
        email: of.user.email.to_string(),
        has_password: of.has_password,
        is_by_mail: password_reset::is_by_mail(&console.keyward),
        has_second_factor: of.has_second_factor,
        factor: if of.has_second_factor {
            Badge { kind: "good", shape: "active", label: "On" }
        } else {
            Badge { kind: "", shape: "disabled", label: "Off" }
        },
        codes_left: counted(of.recovery_codes_left, "recovery code", "recovery codes"),
        has_few_codes: of.recovery_codes_left < FEW_CODES,
        sessions: sessions.into_iter().map(|session| SessionRow::new(session, visit)).collect(),
    };
    Ok(html_with(status, &page))
}
