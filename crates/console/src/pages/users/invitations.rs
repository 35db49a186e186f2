//! `GET /organization/users/invitations`, and sending one again or taking it
//! back.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{id::InvitationId, invitation::InvitedRole, page::Order};
use keyward_service::{
    Error,
    invitation::{self, InvitationDetails},
};

use super::{INVITATIONS, invite, may_invite, tabs};
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::{
        confirm::Ask,
        parts::{Badge, Tab, counted},
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
    is_pending: bool,
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
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    paging: Paging,
    may_invite: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let listed = invitation::list(&console.keyward, &visit.actor, query.page(Order::Desc)?).await?;
    let id = |details: &InvitationDetails| details.invitation.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let page = InvitationsPage {
        shell: Shell::new(&visit, "Invitations").crumb(super::ROOT, "Users"),
        tabs: tabs(INVITATIONS),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.iter().map(|details| row(&visit, details)).collect(),
        may_invite: may_invite(&visit),
    };
    Ok(html(&page))
}

fn row(visit: &Visit, details: &InvitationDetails) -> Row {
    let InvitationDetails { invitation, inviter } = details;
    let role = match invitation.grants.role {
        InvitedRole::Owner => "Organization Owner",
        InvitedRole::Reader => "Organization Member",
    };
    let gives = match i64::try_from(invitation.grants.projects.len()).unwrap_or(i64::MAX) {
        0 => role.to_owned(),
        number => format!("{role}, {}", counted(number, "project", "projects")),
    };
    Row {
        href: format!("{INVITATIONS}/{}", invitation.id),
        email: invitation.email.to_string(),
        gives,
        status: Badge::invitation(invitation, visit.now),
        is_pending: invitation.is_pending(visit.now),
        can_resend: invitation.ended.is_none(),
        by: inviter.email.to_string(),
        sent: When::new(invitation.created_at, visit.now),
        ends: invitation.ended.is_none().then(|| When::new(invitation.expires_at, visit.now)),
    }
}

async fn find(console: &Console, visit: &Visit, id: &str) -> Result<InvitationDetails, Error> {
    let id: InvitationId = id.parse().map_err(|_| Error::NotFound("invitation"))?;
    invitation::find(&console.keyward, &visit.actor, id).await
}

fn question(details: &InvitationDetails, action: &str) -> Result<Ask, Error> {
    let InvitationDetails { invitation, .. } = details;
    let ask = |title, button, line: &str| Ask {
        title,
        lines: vec![line.to_owned()],
        action: format!("{INVITATIONS}/{}/{action}", invitation.id),
        back: INVITATIONS.to_owned(),
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

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((invitation_id, action)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &invitation_id).await?;
    let ask = question(&details, &action)?;
    let shell = invite::shell(&visit, ask.button);
    Ok(ask.page(shell))
}

pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path((invitation_id, action)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &invitation_id).await?;
    let ask = question(&details, &action)?;
    let (id, email) = (details.invitation.id, &details.invitation.email);
    let done = if action == "resend" {
        invitation::resend(&console.keyward, &visit.actor, id).await.map(|sent| invite::sent_page(&visit, &sent))
    } else {
        let text = format!("The invitation of {email} has been revoked.");
        invitation::delete(&console.keyward, &visit.actor, id).await.map(|()| to_telling(INVITATIONS, text))
    };
    let shell = invite::shell(&visit, ask.button);
    Ok(done.unwrap_or_else(|error| ask.refused(shell, form, &error.into())))
}
