//! Deleting a role; those who hold it get another one in its place.

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{
    access::Access,
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Role},
};
use keyward_service::{
    Error,
    role::{self, DeleteRole, Holders},
};
use keyward_web::Problem;

use super::{Place, below, page_of, root};
use crate::{
    Console,
    form::Form,
    pages::confirm::{Ask, Choice},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

const REPLACEMENT: &str = "replacement_role_id";

async fn question(console: &Console, place: &Place, role: &Role) -> Result<Ask, Refused> {
    let visit = &place.visit;
    let held = role::holders(&console.keyward, &visit.actor, place.scope(), role.id).await?;
    let page = page_of(place, role);
    let version = role.custom.as_ref().map_or(0, |custom| custom.version);
    let mut lines = vec![held_by(&held)];
    let mut choice = None;
    if held.count > 0 {
        if place.may(Permission::RolesAssign) {
            choice = Some(replacement(console, place, role).await?);
        } else {
            lines.push("You may not give roles: take it from them first, or ask somebody who may.".into());
        }
    }
    lines.push("This can't be undone.".into());
    Ok(Ask {
        title: format!("Delete role {}?", role.name),
        lines,
        action: format!("{page}/delete"),
        button: "Delete role",
        back: page,
        is_destructive: true,
        typed: Some(role.name.to_string()),
        hidden: vec![("version", version.to_string())],
        choice,
        ..Ask::default()
    })
}

fn held_by(held: &Holders) -> String {
    if held.count == 0 {
        return "Nobody holds it.".into();
    }
    let more = held.count.saturating_sub(held.names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("It is held by {}{more}.", held.names.join(", "))
}

async fn replacement(console: &Console, place: &Place, role: &Role) -> Result<Choice, Refused> {
    let visit = &place.visit;
    let page = Page { limit: 1000, order: Order::Asc, cursor: None };
    let all = role::list(&console.keyward, &visit.actor, place.scope(), page).await?.data;
    let mut options = vec![(String::new(), "Choose a role".to_owned())];
    let fits = |other: &&Role| {
        other.id != role.id
            && other.built_in() != Some(BuiltIn::OrganizationOwner)
            && visit.actor.access.covers(&Access::of_role(other, place.scope()))
    };
    options.extend(all.iter().filter(fits).map(|other| (other.id.to_string(), other.name.to_string())));
    let (label, hint) = ("They hold instead", "Everybody who holds it gets this role in its place.");
    Ok(Choice { name: REPLACEMENT, label, hint, options })
}

/// The role, if it can be deleted at all.
async fn find(console: &Console, place: &Place) -> Result<Role, Refused> {
    let role = super::find(console, place).await?;
    if role.custom.is_none() {
        return Err(Error::NotFound("role that can be deleted").into());
    }
    Ok(role)
}

fn shell(place: &Place, role: &Role) -> Shell {
    below(place, "Delete role").crumb(page_of(place, role), role.name.to_string())
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let role = find(&console, &place).await?;
    Ok(question(&console, &place, &role).await?.page(shell(&place, &role)))
}

pub async fn delete(State(console): State<Console>, place: Place, mut form: Form) -> Result<Response, Refused> {
    let visit = &place.visit;
    let role = find(&console, &place).await?;
    let (ask, shell) = (question(&console, &place, &role).await?, shell(&place, &role));
    let is_chosen = ask.choice.is_none() || form.optional(REPLACEMENT).is_some();
    if !is_chosen {
        form.refuse(REPLACEMENT, "Choose what they hold instead, or take the role from them first.");
    }
    if !ask.is_answered(&mut form) || !is_chosen {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    let outcome = async {
        let replacement = form.optional(REPLACEMENT).map(str::parse).transpose();
        let replacement = replacement.map_err(|_| Error::NotFound("role"))?;
        let command = DeleteRole { scope: place.scope(), role: role.id, replacement, expected_version: form.version() };
        Ok::<_, Problem>(role::delete(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(()) => Ok(to_telling(&root(&place), format!("The role {} has been deleted.", role.name))),
        Err(problem) => Ok(ask.refused(shell, form, &problem)),
    }
}
