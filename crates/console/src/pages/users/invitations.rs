//! Invitations, and sending one again or taking it back: of the organization,
//! and those into a project among its settings.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{
    id::InvitationId,
    invitation::{Invitation, InvitedRole},
    page::Order,
    permission::Permission,
    role::Scope,
};
use keyward_service::{
    Error,
    invitation::{self, InvitationDetails},
};

use super::{INVITATIONS, ROOT, invite, may_invite, tabs};
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::{
        confirm::Ask,
        parts::{Badge, Tab, counted},
        place::Place,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    email: String,
    gives: String,
    status: Badge,
    can_revoke: bool,
    can_resend: bool,
    by: String,
    sent: When,
    /// When it ends by itself, unless somebody ended it.
    ends: Option<When>,
}

#[derive(Template)]
#[template(path = "users/invitations.html")]
struct InvitationsPage {
    shell: Shell,
    tabs_label: &'static str,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    paging: Paging,
    /// Where somebody is invited, if the visitor may.
    invite: Option<String>,
}

/// The address of the list above it.
fn users(place: &Place) -> String {
    place.project_id().map_or(ROOT.to_owned(), |id| format!("/projects/{id}/manage/users"))
}

/// The address of the list.
fn root(place: &Place) -> String {
    format!("{}/invitations", users(place))
}

/// Around a page below the list.
fn below(place: &Place, title: &str) -> Shell {
    place.shell(title).crumb(users(place), "Users").crumb(root(place), "Invitations")
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let visit = &place.visit;
    let project = place.project_id();
    let listed = invitation::list(&console.keyward, &visit.actor, project, query.page(Order::Desc)?).await?;
    let id = |details: &InvitationDetails| details.invitation.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let (tabs_label, tabs, invite) = match project {
        None => ("Users", tabs(INVITATIONS), may_invite(visit).then(|| format!("{INVITATIONS}/new"))),
        // Adding somebody who isn't a member yet invites them.
        Some(_) => ("Manage", place.manage_tabs(), place.may(Permission::MembersManage).then(|| users(&place))),
    };
    let page = InvitationsPage {
        shell: place.shell("Invitations").crumb(users(&place), "Users"),
        tabs_label,
        tabs,
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.iter().map(|details| row(&place, details)).collect(),
        invite,
    };
    Ok(html(&page))
}

/// Whether sending it again or revoking it would be let through: as if the
/// visitor had sent it.
fn may_act(visit: &Visit, invitation: &Invitation) -> bool {
    let permission = Permission::MembersManage;
    let projects = &invitation.grants.projects;
    let manages_all = || projects.iter().all(|grant| visit.may(permission, Scope::Project(grant.id)));
    (visit.may(permission, Scope::Organization) || (!projects.is_empty() && manages_all()))
        && visit.actor.access.covers(&invitation.grants.access(visit.actor.organization))
}

/// What an invitation gives: seen from a project, what it gives there.
fn gives(place: &Place, invitation: &Invitation) -> String {
    let grants = &invitation.grants;
    let here = grants.projects.iter().find(|grant| Some(grant.id) == place.project_id());
    let role = match (here, grants.role) {
        (_, InvitedRole::Owner) => "Organization Owner",
        (Some(grant), _) => grant.role.built_in().name(),
        (None, _) => "Organization Member",
    };
    let others = grants.projects.len() - usize::from(here.is_some());
    let (one, many) = if here.is_some() { ("further project", "further projects") } else { ("project", "projects") };
    match i64::try_from(others).unwrap_or(i64::MAX) {
        0 => role.to_owned(),
        number => format!("{role}, {}", counted(number, one, many)),
    }
}

fn row(place: &Place, details: &InvitationDetails) -> Row {
    let InvitationDetails { invitation, inviter } = details;
    let now = place.visit.now;
    let may_act = may_act(&place.visit, invitation);
    Row {
        href: format!("{}/{}", root(place), invitation.id),
        email: invitation.email.to_string(),
        gives: gives(place, invitation),
        status: Badge::invitation(invitation, now),
        can_revoke: may_act && invitation.is_pending(now),
        can_resend: may_act && invitation.ended.is_none(),
        by: inviter.email.to_string(),
        sent: When::new(invitation.created_at, now),
        ends: invitation.ended.is_none().then(|| When::new(invitation.expires_at, now)),
    }
}

/// The invitation that the address names. A project's page knows those into it
/// only.
async fn find(console: &Console, place: &Place) -> Result<InvitationDetails, Error> {
    let id: InvitationId = place.id("invitation_id", "invitation")?;
    let found = invitation::find(&console.keyward, &place.visit.actor, id).await?;
    let is_into = |project| found.invitation.grants.projects.iter().any(|grant| grant.id == project);
    if place.project_id().is_none_or(is_into) { Ok(found) } else { Err(Error::NotFound("invitation")) }
}

fn question(place: &Place, details: &InvitationDetails, action: &str) -> Result<Ask, Error> {
    let InvitationDetails { invitation, .. } = details;
    let ask = |title, button, line: &str| Ask {
        title,
        lines: vec![line.to_owned()],
        action: format!("{}/{}/{action}", root(place), invitation.id),
        back: root(place),
        button,
        ..Ask::default()
    };
    match action {
        "resend" => Ok(ask(
            format!("Send the invitation of {} again?", invitation.email),
            "Send again",
            "It gets a new link, good for another seven days, and comes in your name. The old link opens nothing any more.",
        )),
        "revoke" => Ok(Ask {
            is_destructive: true,
            ..ask(
                format!("Revoke the invitation of {}?", invitation.email),
                "Revoke",
                "Its link opens nothing any more. You can invite them anew.",
            )
        }),
        _ => Err(Error::NotFound("page")),
    }
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let action: String = place.id("action", "page")?;
    let details = find(&console, &place).await?;
    let ask = question(&place, &details, &action)?;
    let shell = below(&place, ask.button);
    Ok(ask.page(shell))
}

pub async fn act(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let action: String = place.id("action", "page")?;
    let details = find(&console, &place).await?;
    let ask = question(&place, &details, &action)?;
    let (id, email) = (details.invitation.id, &details.invitation.email);
    let actor = &place.visit.actor;
    let done = if action == "resend" {
        let sent = invitation::resend(&console.keyward, actor, id).await;
        sent.map(|sent| invite::sent_page(below(&place, "Invitation link"), &root(&place), &sent, place.visit.now))
    } else {
        let text = format!("The invitation of {email} has been revoked.");
        invitation::delete(&console.keyward, actor, id).await.map(|()| to_telling(&root(&place), text))
    };
    let shell = below(&place, ask.button);
    Ok(done.unwrap_or_else(|error| ask.refused(shell, form, &error.into())))
}
