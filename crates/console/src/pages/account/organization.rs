//! `POST /account/organization`: to another organization that one belongs to.

use axum::{extract::State, response::Response};
use keyward_domain::id::OrganizationId;
use keyward_service::{Error, account};

use crate::{Console, form::Form, pages::sign_in::welcome, problem_page::Refused, toast::to_telling, visit::Visit};

pub async fn switch(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let to: OrganizationId = form.text("organization_id").parse().map_err(|_| Error::NotFound("organization"))?;
    let entered = account::switch_organization(&console.keyward, &visit.actor, to).await?;
    let found = visit.account.organizations.iter().find(|organization| organization.id == to);
    let text =
        found.map_or_else(|| "You are there.".into(), |organization| format!("You are in {} now.", organization.name));
    Ok(welcome(&console, to_telling("/projects", text), &entered))
}
