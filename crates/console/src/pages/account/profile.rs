//! One's name, and how pages look.

use axum::{extract::State, http::header, response::Response};
use keyward_domain::Name;
use keyward_service::account;
use keyward_web::Problem;

use super::page;
use crate::{
    Console,
    form::Form,
    problem_page::Refused,
    toast::to_telling,
    visit::{Visit, keep_theme},
};

pub async fn rename(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let name = Name::parse("name", form.text("name"))?;
        Ok::<_, Problem>(account::rename(&console.keyward, &visit.actor, &name).await?)
    };
    match outcome.await {
        Ok(()) => Ok(to_telling("/account", "Your name has been updated.")),
        Err(problem) => page(&console, &visit, form.take(&problem, &[("name", "name")]), problem.status).await,
    }
}

/// Kept by the browser alone, so that each device has its own.
pub async fn choose_theme(_: Visit, form: Form) -> Response {
    let theme = form.text("theme");
    let text = match theme {
        "light" => "Pages are light now.",
        "dark" => "Pages are dark now.",
        _ => "Pages follow your system now.",
    };
    let mut response = to_telling("/account", text);
    response.headers_mut().append(header::SET_COOKIE, keep_theme(theme));
    response
}
