//! `GET /organization/groups/{id}`: who is in a group and what it holds; and
//! renaming it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    Name,
    group::Group,
    page::{Order, Page},
    permission::Permission,
    role::Scope,
};
use keyward_service::{
    group,
    member::{self, ListMembers, MemberFilter},
    role_assignment::{Principal, Seat},
};
use keyward_web::Problem;

use super::{ROOT, find, may_manage, page_of};
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::grants::{self, Grants},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

/// How many members are suggested while an address is typed.
const SUGGESTED: u32 = 100;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[("name", "name"), ("email", "email"), ("role_id", "role_id")];

struct MemberRow {
    id: String,
    href: String,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "groups/show.html")]
struct ShowPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    created: When,
    members: Vec<MemberRow>,
    paging: Paging,
    /// Addresses of members who may be put in.
    suggested: Vec<String>,
    may_manage: bool,
    sees_members: bool,
    grants: Option<Grants>,
    form: Form,
}

pub const fn seat(group: &Group) -> Seat {
    Seat { principal: Principal::Group(group.id), scope: Scope::Organization }
}

/// The page; also again, after a form on it was refused.
pub async fn page(
    console: &Console,
    visit: &Visit,
    group: Group,
    query: &Query,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let address = page_of(&group);
    let listed = group::list_members(&console.keyward, &visit.actor, group.id, query.page(Order::Asc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|user| user.id.to_string()), last.map(|user| user.id.to_string()));
    let members: Vec<_> = listed
        .data
        .into_iter()
        .map(|user| MemberRow {
            id: user.id.to_string(),
            href: format!("/organization/users/{}", user.id),
            name: user.name.to_string(),
            email: user.email.to_string(),
        })
        .collect();
    let (may_manage, sees_members) = (may_manage(visit), visit.may(Permission::MembersRead, Scope::Organization));
    let mut suggested = Vec::new();
    if may_manage && sees_members {
        let page = Page { limit: SUGGESTED, order: Order::Desc, cursor: None };
        let command = ListMembers { filter: MemberFilter::default(), with_key_use: false, page };
        let all = member::list(&console.keyward, &visit.actor, command).await?.data;
        let addresses = all.into_iter().map(|details| details.member.user.email.to_string());
        suggested = addresses.filter(|address| members.iter().all(|row| row.email != *address)).collect();
    }
    let mut form = form;
    if !form.is_ticked("name") {
        form.set("name", group.name.to_string());
    }
    let page = ShowPage {
        shell: Shell::new(visit, group.name.to_string()).crumb(ROOT, "Groups"),
        grants: grants::load(console, visit, seat(&group), format!("{address}/roles")).await?,
        paging: query.at(&address).paging(first.as_deref(), last.as_deref(), listed.has_more),
        page: address,
        id: group.id.to_string(),
        name: group.name.to_string(),
        created: When::new(group.created_at, visit.now),
        members,
        suggested,
        may_manage,
        sees_members,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
    query: Query,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    page(&console, &visit, group, &query, Form::default(), StatusCode::OK).await
}

pub async fn rename(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let outcome = async {
        let name = Name::parse("name", form.text("name"))?;
        Ok::<_, Problem>(group::update(&console.keyward, &visit.actor, group.id, name).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(&page_of(&saved), format!("The group is called {} now.", saved.name))),
        Err(problem) => page(&console, &visit, group, &query, form.take(&problem, FIELDS), problem.status).await,
    }
}
