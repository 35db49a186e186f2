//! `GET /organization/sso/new`, `POST /organization/sso`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Invalid, sso::Scopes};
use keyward_service::{
    Error,
    sso::{self, CreateSsoProvider},
};
use keyward_web::Problem;

use super::{
    ROOT, fields,
    mappings::{self, MappingRow, Offers},
    page_of,
};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
};

#[derive(Template)]
#[template(path = "sso/new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    redirect_uri: String,
    rows: Vec<MappingRow>,
    offers: Offers,
    has_secret: bool,
}

async fn page(console: &Console, visit: &Visit, form: Form, status: StatusCode) -> Result<Response, Refused> {
    let offers = mappings::offers(console, visit).await?;
    let page = NewPage {
        shell: Shell::new(visit, "Connect a provider").crumb(ROOT, "Single sign-on"),
        redirect_uri: console.keyward.sso_redirect_uri(visit.actor.organization),
        rows: mappings::rows(&form, &offers),
        has_secret: false,
        offers,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refused> {
    if !visit.actor.access.is_owner() {
        let message = "Only an owner can connect an identity provider: it says who everybody is, owners too. Ask an owner of the organization.".into();
        return Err(Error::Escalation { message }.into());
    }
    let form = Form::filled([("scopes", Scopes::default().text()), ("enabled", "yes".into())]);
    page(&console, &visit, form, StatusCode::OK).await
}

pub async fn create(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = read(&form, console.sso.allows_http())?;
        Ok::<_, Problem>(sso::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(provider) => {
            let text = format!("{} is connected. Test it now, before people use it.", provider.name);
            Ok(to_telling(&page_of(&provider), text))
        }
        Err(problem) => page(&console, &visit, fields::take(form, &problem), problem.status).await,
    }
}

fn read(form: &Form, allow_http: bool) -> Result<CreateSsoProvider, Invalid> {
    Ok(CreateSsoProvider {
        name: fields::name(form)?,
        issuer: fields::issuer(form, allow_http)?,
        client_id: fields::client_id(form)?,
        client_secret: form.secret("client_secret"),
        scopes: fields::scopes(form)?,
        mappings: mappings::read(form)?,
        creates_members: form.is_ticked("creates_members"),
        enabled: form.is_ticked("enabled"),
        idempotency: None,
    })
}
