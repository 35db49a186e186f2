//! Giving somebody, or a group, further roles in a project, and taking them one
//! by one.

use axum::{extract::State, response::Response};
use keyward_domain::id::RoleId;
use keyward_service::{Error, role_assignment};

use super::{Held, Holder};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, grants},
    problem_page::Refused,
    toast::to_telling,
};

pub async fn assign(State(console): State<Console>, holder: Holder, form: Form) -> Result<Response, Refused> {
    match grants::assign(&console, &holder.visit, holder.seat(), &form).await {
        Ok(role) => {
            let who = match holder.held {
                Held::Person(_) => holder.name().to_owned(),
                Held::Group(_) => format!("Everybody in {}", holder.name()),
            };
            Ok(to_telling(&holder.page(), format!("{who} holds the role {role} in this project now.")))
        }
        Err(problem) => holder.answer(&console, form.take(&problem, grants::FIELDS), problem.status).await,
    }
}

async fn question(console: &Console, holder: &Holder) -> Result<(RoleId, Ask), Error> {
    let called = (&*holder.page(), holder.name());
    let (role, mut ask) = grants::taking(console, &holder.visit, holder.seat(), holder.role_id(), called).await?;
    if holder.roles() == [role] {
        ask.lines.push(match holder.held {
            Held::Person(_) => "It is the only role that they were given here: without it they are in this project no longer, unless a group is that they belong to.".into(),
            Held::Group(_) => "It is the only role that the group holds here: without it the group is in this project no longer.".into(),
        });
    }
    Ok((role, ask))
}

pub async fn ask(State(console): State<Console>, holder: Holder) -> Result<Response, Refused> {
    let (_, ask) = question(&console, &holder).await?;
    Ok(ask.page(holder.below("Take a role away")))
}

pub async fn unassign(State(console): State<Console>, holder: Holder, form: Form) -> Result<Response, Refused> {
    let (role, ask) = question(&console, &holder).await?;
    match role_assignment::unassign(&console.keyward, &holder.visit.actor, holder.seat(), role).await {
        Ok(()) => {
            let is_out = holder.roles() == [role];
            let back = if is_out { holder.list() } else { holder.page() };
            Ok(to_telling(&back, format!("The role has been taken from {}.", holder.name())))
        }
        Err(error) => Ok(ask.refused(holder.below("Take a role away"), form, &error.into())),
    }
}
