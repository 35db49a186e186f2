//! Roles: those that are built in and those that somebody made, what each
//! holds, and making, editing and deleting one. The pages know only a
//! [`Place`]: whether it is the organization or a project is said here.

mod delete;
mod edit;
mod fields;
mod list;
mod matrix;

use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use keyward_domain::{
    access::Access,
    id::RoleId,
    permission::Permission,
    project::Project,
    role::{Role, Scope},
};
use keyward_service::{Error, role};

use crate::{Console, form::Form, list::Query, problem_page::Refused, shell::Shell, visit::Visit};

const ROOT: &str = "/organization/roles";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(show_list).post(create))
        .route("/organization/roles/permissions", get(show_matrix))
        .route("/organization/roles/new", get(show_new))
        .route("/organization/roles/{role_id}", get(show_role).post(save))
        .route("/organization/roles/{role_id}/delete", get(ask_delete).post(delete))
}

/// Where the roles of a page belong.
pub struct Place {
    /// The organization, or a project.
    scope: Scope,
    /// The address of the list.
    root: String,
    /// The project, if it is one.
    project: Option<Project>,
}

impl Place {
    fn organization() -> Self {
        Self { scope: Scope::Organization, root: ROOT.to_owned(), project: None }
    }

    /// Around the list.
    fn shell(&self, visit: &Visit, title: &str) -> Shell {
        let shell = Shell::new(visit, title);
        match &self.project {
            Some(project) => shell.within(visit, project),
            None => shell,
        }
    }

    /// Around a page below the list.
    fn below(&self, visit: &Visit, title: &str) -> Shell {
        self.shell(visit, title).crumb(self.root.clone(), "Roles")
    }

    fn page_of(&self, role: &Role) -> String {
        format!("{}/{}", self.root, role.id)
    }

    fn may_manage(&self, visit: &Visit) -> bool {
        visit.may(Permission::RolesManage, self.scope)
    }

    /// Whether an edit by the visitor would be let through.
    fn may_edit(&self, visit: &Visit, role: &Role) -> bool {
        role.custom.is_some() && self.may_manage(visit) && visit.actor.access.covers(&Access::of_role(role, self.scope))
    }

    async fn find(&self, console: &Console, visit: &Visit, id: &str) -> Result<Role, Error> {
        let id: RoleId = id.parse().map_err(|_| Error::NotFound("role"))?;
        role::find(&console.keyward, &visit.actor, self.scope, id).await
    }
}

async fn show_list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    list::page(&console, &visit, &Place::organization(), query).await
}

async fn show_matrix(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    matrix::page(&console, &visit, &Place::organization(), query).await
}

async fn show_new(visit: Visit) -> Result<Response, Refused> {
    edit::new(&visit, &Place::organization())
}

async fn create(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    edit::create(&console, &visit, &Place::organization(), form).await
}

async fn show_role(
    State(console): State<Console>,
    visit: Visit,
    Path(role_id): Path<String>,
) -> Result<Response, Refused> {
    edit::show(&console, &visit, &Place::organization(), &role_id).await
}

async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(role_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    edit::save(&console, &visit, &Place::organization(), &role_id, form).await
}

async fn ask_delete(
    State(console): State<Console>,
    visit: Visit,
    Path(role_id): Path<String>,
) -> Result<Response, Refused> {
    delete::ask(&console, &visit, &Place::organization(), &role_id).await
}

async fn delete(
    State(console): State<Console>,
    visit: Visit,
    Path(role_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    delete::delete(&console, &visit, &Place::organization(), &role_id, form).await
}
