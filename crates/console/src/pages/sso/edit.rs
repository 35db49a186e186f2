//! `/organization/sso/{id}`: everything about a provider, editable.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Invalid, sso::SsoProvider};
use keyward_service::sso::{self, UpdateSsoProvider};
use keyward_web::Problem;

use super::{
    ROOT, fields, find,
    mappings::{self, MappingRow, Offers},
    page_of,
};
use crate::{
    Console, form::Form, pages::parts::Badge, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling, visit::Visit, when::When,
};

#[derive(Template)]
#[template(path = "sso/show.html")]
struct ShowPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    status: Badge,
    issuer: String,
    client_id: String,
    secret: Option<String>,
    has_secret: bool,
    created: When,
    updated: When,
    redirect_uri: String,
    sign_in_url: String,
    /// Whether the visitor may point it elsewhere.
    is_owner: bool,
    rows: Vec<MappingRow>,
    offers: Offers,
    form: Form,
}

async fn page(
    console: &Console,
    visit: &Visit,
    provider: SsoProvider,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let offers = mappings::offers(console, visit).await?;
    let page = ShowPage {
        shell: Shell::new(visit, provider.name.to_string()).crumb(ROOT, "Single sign-on"),
        page: page_of(&provider),
        id: provider.id.to_string(),
        name: provider.name.to_string(),
        status: Badge::enabled(provider.enabled),
        issuer: provider.issuer.as_str().to_owned(),
        client_id: provider.client_id.as_str().to_owned(),
        has_secret: provider.redacted_value.is_some(),
        secret: provider.redacted_value,
        created: When::new(provider.created_at, visit.now),
        updated: When::new(provider.updated_at, visit.now),
        redirect_uri: console.keyward.sso_redirect_uri(provider.organization),
        sign_in_url: console.keyward.sso_sign_in_url(provider.id),
        is_owner: visit.actor.access.is_owner(),
        rows: mappings::rows(&form, &offers),
        offers,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(sso_provider_id): Path<String>,
) -> Result<Response, Refused> {
    let provider = find(&console, &visit, &sso_provider_id).await?;
    let form = fields::filled(&provider);
    page(&console, &visit, provider, form, StatusCode::OK).await
}

pub async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(sso_provider_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let provider = find(&console, &visit, &sso_provider_id).await?;
    let outcome = async {
        let command = read(&form, visit.actor.access.is_owner(), console.sso.allows_http())?;
        Ok::<_, Problem>(sso::update(&console.keyward, &visit.actor, provider.id, command).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(&page_of(&saved), format!("{} has been updated.", saved.name))),
        Err(problem) if problem.code == "stale_version" => {
            let form = overtaken(form, &provider, visit.actor.access.is_owner());
            page(&console, &visit, provider, form, problem.status).await
        }
        Err(problem) => page(&console, &visit, provider, fields::take(form, &problem), problem.status).await,
    }
}

/// The form again, after somebody else saved theirs.
fn overtaken(form: Form, provider: &SsoProvider, is_owner: bool) -> Form {
    let fields = [
        ("Issuer", "issuer"),
        ("Client ID", "client_id"),
        ("Name", "name"),
        ("Scopes", "scopes"),
        ("New people become members", "creates_members"),
        ("Enabled", "enabled"),
    ];
    // Who isn't an owner has no fields for the first two.
    let fields = if is_owner { &fields[..] } else { &fields[2..] };
    let mut form = form.overtaken(&fields::filled(provider), "provider", fields);
    if mappings::read(&form).is_ok_and(|typed| typed != provider.mappings) {
        let claims: Vec<_> =
            provider.mappings.iter().map(|mapping| format!("{} = {}", mapping.claim, mapping.value)).collect();
        form.theirs.push(("Mappings", if claims.is_empty() { "none".into() } else { claims.join("; ") }));
    }
    form
}

fn read(form: &Form, is_owner: bool, allow_http: bool) -> Result<UpdateSsoProvider, Invalid> {
    let (issuer, client_id) =
        if is_owner { (Some(fields::issuer(form, allow_http)?), Some(fields::client_id(form)?)) } else { (None, None) };
    let client_secret = match form.secret("client_secret") {
        Some(_) if form.is_ticked("public") => {
            let message = "Either give a new secret or take it away, not both.";
            return Err(Invalid::new("client_secret", message));
        }
        None if form.is_ticked("public") => Some(None),
        given => given.map(Some),
    };
    Ok(UpdateSsoProvider {
        name: Some(fields::name(form)?),
        issuer,
        client_id,
        client_secret,
        scopes: Some(fields::scopes(form)?),
        mappings: Some(mappings::read(form)?),
        creates_members: Some(form.is_ticked("creates_members")),
        enabled: Some(form.is_ticked("enabled")),
        expected_version: form.version(),
    })
}
