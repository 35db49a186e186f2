//! The people of a project: who they are, what they hold here, adding, inviting
//! and taking them out.

mod add;
mod list;
pub mod show;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::project::Project;

pub use self::list::{Besides, page};
use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/users", get(list::show).post(add::add))
        .route("/projects/{project_id}/manage/users/{user_id}", post(show::change))
}

/// The address of the list.
pub fn root(project: &Project) -> String {
    format!("/projects/{}/manage/users", project.id)
}
