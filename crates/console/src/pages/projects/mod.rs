//! Projects: the dashboard, one project, creating and editing one, and what
//! switches its calls off and on.

mod edit;
mod fields;
mod list;
mod new;
mod show;
mod switch;

use axum::{Router, routing::get};
use keyward_domain::id::ProjectId;
use keyward_service::{
    Error,
    project::{self, ProjectDetails},
};

pub use self::fields::{provider_label, providers};
use crate::{Console, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects", get(list::list).post(new::create))
        .route("/projects/new", get(new::show))
        .route("/projects/{project_id}", get(show::show))
        .route("/projects/{project_id}/edit", get(edit::show).post(edit::save))
        .route("/projects/{project_id}/{action}", get(switch::ask).post(switch::act))
}

/// The project that an address names, as far as the visitor may see it.
pub async fn find(console: &Console, visit: &Visit, id: &str) -> Result<ProjectDetails, Error> {
    let id: ProjectId = id.parse().map_err(|_| Error::NotFound("project"))?;
    project::find(&console.keyward, &visit.actor, id).await
}
