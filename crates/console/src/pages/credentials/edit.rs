//! `…/credentials/{id}`: everything about a credential but its secret, which
//! can only be replaced.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::credential::{self, CredentialDetails};
use keyward_web::Problem;

use super::fields::{self, FIELDS};
use crate::{
    Console,
    form::Form,
    pages::{parts::when, place::Place, projects::provider_label},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    when::When,
};

#[derive(Template)]
#[template(path = "credentials/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    root: String,
    name: String,
    provider: &'static str,
    masked: String,
    created: When,
    updated: When,
    last_used: Option<When>,
    form: Form,
    can_manage: bool,
}

/// The credential that an address names.
pub async fn find(console: &Console, place: &Place) -> Result<CredentialDetails, Refused> {
    let id = place.id("credential_id", "credential")?;
    Ok(credential::find(&console.keyward, &place.visit.actor, place.project_id(), id).await?)
}

fn page(place: &Place, details: &CredentialDetails, form: Form, status: StatusCode) -> Response {
    let (credential, now) = (&details.credential, place.visit.now);
    let root = format!("{}/credentials", place.root());
    let page = EditPage {
        shell: place.shell(credential.name.to_string()).crumb(root.clone(), "Credentials"),
        page: format!("{root}/{}", credential.id),
        root,
        name: credential.name.to_string(),
        provider: provider_label(credential.provider),
        masked: credential.redacted_value.clone().unwrap_or_default(),
        created: When::new(credential.created_at, now),
        updated: When::new(credential.updated_at, now),
        last_used: when(details.last_used_at, now),
        form,
        can_manage: place.may(Permission::CredentialsManage) && !details.inherited,
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    Ok(page(&place, &details, fields::filled(&details.credential), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    let (project, id) = (place.project_id(), details.credential.id);
    let outcome = async {
        let command = fields::update(&form)?;
        Ok::<_, Problem>(credential::update(&console.keyward, &place.visit.actor, project, id, command).await?)
    };
    match outcome.await {
        Ok(_) => {
            let text = if form.secret("provider_key").is_some() {
                "The provider's API key has been replaced. Existing API keys continue to work."
            } else {
                "The credential has been updated."
            };
            Ok(to_telling(&format!("{}/credentials/{id}", place.root()), text))
        }
        Err(problem) if problem.code == "stale_version" => {
            let present = fields::filled(&details.credential);
            let fields = [
                ("Name", "name"),
                ("Base URL", "base_url"),
                ("Aliases", "aliases"),
                ("Priority", "priority"),
                ("Weight", "weight"),
            ];
            Ok(page(&place, &details, form.overtaken(&present, "credential", &fields), problem.status))
        }
        Err(problem) => Ok(page(&place, &details, form.take(&problem, FIELDS), problem.status)),
    }
}
