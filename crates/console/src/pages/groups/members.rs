//! Putting members into a group and taking them out.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{
    Invalid,
    group::Group,
    organization::{Email, User},
    page::{Order, Page},
};
use keyward_service::{
    Error, group,
    member::{self, ListMembers, MemberFilter},
};
use keyward_web::Problem;

use super::{find, page_of, shell, show};
use crate::{
    Console, form::Form, list::Query, pages::confirm::Ask, problem_page::Refused, toast::to_telling, visit::Visit,
};

/// The member of that address.
async fn wanted(console: &Console, visit: &Visit, form: &Form) -> Result<User, Problem> {
    let email = Email::parse("email", form.text("email"))?;
    let page = Page { limit: 1, order: Order::Asc, cursor: None };
    let filter = MemberFilter { emails: Some(vec![email]), search: None };
    let command = ListMembers { filter, with_key_use: false, page };
    let found = member::list(&console.keyward, &visit.actor, command).await?.data.pop();
    let nobody = || {
        let message = "No member of the organization has this address. Invite them first.";
        Problem::from(Invalid::new("email", message))
    };
    found.map(|details| details.member.user).ok_or_else(nobody)
}

pub async fn add(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let outcome = async {
        let user = wanted(&console, &visit, &form).await?;
        group::add_member(&console.keyward, &visit.actor, group.id, user.id).await?;
        Ok::<_, Problem>(user)
    };
    match outcome.await {
        Ok(user) => Ok(to_telling(&page_of(&group), format!("{} is in the group now.", user.name))),
        Err(problem) => {
            let form = form.take(&problem, show::FIELDS);
            show::page(&console, &visit, group, &query, form, problem.status).await
        }
    }
}

async fn question(console: &Console, visit: &Visit, group: &Group, user_id: &str) -> Result<(User, Ask), Error> {
    let id = user_id.parse().map_err(|_| Error::NotFound("user"))?;
    let user = group::find_member(&console.keyward, &visit.actor, group.id, id).await?;
    let page = page_of(group);
    let ask = Ask {
        title: format!("Take {} out of {}?", user.name, group.name),
        lines: vec!["They lose what they hold through this group alone, at once.".into()],
        action: format!("{page}/members/{id}/remove"),
        button: "Take out",
        back: page,
        is_destructive: true,
        ..Ask::default()
    };
    Ok((user, ask))
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((group_id, user_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let (_, ask) = question(&console, &visit, &group, &user_id).await?;
    Ok(ask.page(shell(&visit, &group, "Take out")))
}

pub async fn remove(
    State(console): State<Console>,
    visit: Visit,
    Path((group_id, user_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let (user, ask) = question(&console, &visit, &group, &user_id).await?;
    match group::remove_member(&console.keyward, &visit.actor, group.id, user.id).await {
        Ok(()) => Ok(to_telling(&page_of(&group), format!("{} is no longer in the group.", user.name))),
        Err(error) => Ok(ask.refused(shell(&visit, &group, "Take out"), form, &error.into())),
    }
}
