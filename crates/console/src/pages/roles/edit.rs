//! Making a role, showing one, editing one.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{permission::Permission, role::Role};
use keyward_service::role::{self, CreateRole, UpdateRole};
use keyward_web::Problem;

use super::{
    Place, below,
    fields::{self, FIELDS, PermissionGroup, boxes, filled, groups},
    find, may_edit, page_of, root,
};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, when::When,
};

#[derive(Template)]
#[template(path = "roles/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
    groups: Vec<PermissionGroup>,
}

#[derive(Template)]
#[template(path = "roles/show.html")]
struct ShowPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    description: String,
    changed: Option<When>,
    /// Who holds it: their names, and how many there are besides.
    holders: Vec<String>,
    more_holders: usize,
    may_edit: bool,
    may_delete: bool,
    form: Form,
    /// The boxes of the form, or what the role holds.
    groups: Vec<PermissionGroup>,
}

fn new_page(place: &Place, form: Form, status: StatusCode) -> Response {
    let (shell, groups) = (below(place, "New role"), boxes(&place.visit, place.scope()));
    html_with(status, &NewPage { shell, root: root(place), form, groups })
}

pub async fn new(place: Place) -> Result<Response, Refused> {
    place.require(Permission::RolesManage)?;
    Ok(new_page(&place, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let visit = &place.visit;
    let outcome = async {
        let fields::Typed { name, description, permissions } = fields::read(&form, place.scope())?;
        let command = CreateRole { scope: place.scope(), name, description, permissions, idempotency: None };
        Ok::<_, Problem>(role::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(role) => Ok(to_telling(&root(&place), format!("The role {} has been created.", role.name))),
        Err(problem) => Ok(new_page(&place, form.take(&problem, FIELDS), problem.status)),
    }
}

async fn page(
    console: &Console,
    place: &Place,
    role: Role,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let visit = &place.visit;
    let held = role::holders(&console.keyward, &visit.actor, place.scope(), role.id).await?;
    let may_edit = may_edit(place, &role);
    let groups =
        if may_edit { boxes(visit, place.scope()) } else { groups(|permission| role.permissions.contains(permission)) };
    let page = ShowPage {
        shell: below(place, role.name.as_str()),
        page: page_of(place, &role),
        id: role.id.to_string(),
        changed: role.custom.as_ref().map(|custom| When::new(custom.updated_at, visit.now)),
        name: role.name.to_string(),
        description: role.description,
        more_holders: held.count.saturating_sub(held.names.len()),
        holders: held.names,
        may_edit,
        may_delete: may_edit,
        form,
        groups,
    };
    Ok(html_with(status, &page))
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let role = find(&console, &place).await?;
    let form = filled(&role);
    page(&console, &place, role, form, StatusCode::OK).await
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let visit = &place.visit;
    let role = find(&console, &place).await?;
    let outcome = async {
        let fields::Typed { name, description, permissions } = fields::read(&form, place.scope())?;
        let command = UpdateRole {
            name: Some(name),
            description: Some(description),
            permissions: Some(permissions),
            expected_version: form.version(),
        };
        Ok::<_, Problem>(role::update(&console.keyward, &visit.actor, place.scope(), role.id, command).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(&page_of(&place, &saved), format!("The role {} has been updated.", saved.name))),
        Err(problem) if problem.code == "stale_version" => {
            let fields = [("Name", "name"), ("Description", "description"), ("Permissions", "permissions")];
            let form = form.overtaken(&filled(&role), "role", &fields);
            page(&console, &place, role, form, problem.status).await
        }
        Err(problem) => {
            let form = form.take(&problem, FIELDS);
            page(&console, &place, role, form, problem.status).await
        }
    }
}
