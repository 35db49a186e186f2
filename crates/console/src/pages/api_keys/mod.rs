//! A project's API keys: list, create, details, and every state that a key can
//! be put into.

mod bulk;
mod create;
mod details;
pub mod fields;
mod list;
pub mod reveal;
mod rotate;
mod states;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::{permission::Permission, project::Project, role::Scope};
use keyward_service::{
    Error,
    api_key::{self, ApiKeyDetails, ApiKeyPlace},
};

use crate::{Console, pages::projects, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/api-keys", get(list::list).post(create::create))
        .route("/projects/{project_id}/api-keys/new", get(create::show))
        .route("/projects/{project_id}/api-keys/export", get(bulk::export))
        .route("/projects/{project_id}/api-keys/columns", post(list::choose_columns))
        .route("/projects/{project_id}/api-keys/bulk", post(bulk::ask))
        .route("/projects/{project_id}/api-keys/bulk/{action}", post(bulk::act))
        .route("/projects/{project_id}/api-keys/{api_key_id}", get(details::show).post(details::save))
        .route("/projects/{project_id}/api-keys/{api_key_id}/rotate", get(rotate::show).post(rotate::rotate))
        .route("/projects/{project_id}/api-keys/{api_key_id}/{action}", get(states::ask).post(states::act))
}

/// A key with its project, as far as the visitor may see them.
async fn find(console: &Console, visit: &Visit, (project, key): &(String, String)) -> Result<Found, Error> {
    let project = projects::find(console, visit, project).await?.project;
    let place = ApiKeyPlace { project: project.id, key: key.parse().map_err(|_| Error::NotFound("API key"))? };
    let details = api_key::find(&console.keyward, &visit.actor, place).await?;
    Ok(Found { project, place, details })
}

/// A key that an address names.
struct Found {
    project: Project,
    place: ApiKeyPlace,
    details: ApiKeyDetails,
}

impl Found {
    fn list(&self) -> String {
        format!("/projects/{}/api-keys", self.project.id)
    }

    fn page(&self) -> String {
        format!("{}/{}", self.list(), self.place.key)
    }
}

/// What the visitor may do with a project's keys.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "what a page leaves out, decided beforehand")]
struct May {
    create: bool,
    update: bool,
    rotate: bool,
    revoke: bool,
    delete: bool,
    see_audit: bool,
}

impl May {
    fn new(visit: &Visit, project: &Project) -> Self {
        let may = |permission| visit.may(permission, Scope::Project(project.id));
        Self {
            create: may(Permission::ApiKeysCreate),
            update: may(Permission::ApiKeysUpdate),
            rotate: may(Permission::ApiKeysRotate),
            revoke: may(Permission::ApiKeysRevoke),
            delete: may(Permission::ApiKeysDelete),
            see_audit: may(Permission::AuditRead),
        }
    }
}
