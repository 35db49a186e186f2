//! The page on which people sign in.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use crate::{
    Console,
    assets::{ASSETS, Assets},
    form::Form,
    problem_page::Refused,
    respond::html_with,
    toast::is_local,
    visit::Look,
};

#[derive(Template)]
#[template(path = "sign_in/form.html")]
pub struct SignInPage {
    form: Form,
    /// Whether the password was right and a second factor is needed.
    wants_code: bool,
    /// Single sign-on: where it begins, and what it is called.
    providers: Vec<(String, String)>,
    look: Look,
    assets: &'static Assets,
}

impl SignInPage {
    pub async fn new(console: &Console, look: Look, form: Form, wants_code: bool) -> Result<Self, Refused> {
        // A link's token stands in no query.
        let next = Some(form.text("next")).filter(|next| !next.starts_with("/invitation/")).unwrap_or("/projects");
        let return_to = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
        let known =
            keyward_service::sso::on_sign_in_page(&console.keyward, form.text("organization").parse().ok()).await?;
        let start = |id| format!("/v1/auth/sso/{id}/start?return_to={return_to}");
        let providers = known.into_iter().map(|(id, name)| (start(id), name.to_string())).collect();
        Ok(Self { form, wants_code, providers, look, assets: &ASSETS })
    }

    pub fn page(self, status: StatusCode) -> Result<Response, Refused> {
        Ok(html_with(status, &self))
    }
}

/// Where to go afterwards: a page of this site.
pub fn next(wanted: &str) -> String {
    // The API's addresses lead elsewhere (to an identity provider, say).
    if is_local(wanted) && !wanted.starts_with("/v1/") { wanted.to_owned() } else { "/projects".to_owned() }
}
