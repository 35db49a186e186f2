//! Rate limits of a project, among its settings: list, add, edit, delete.

mod delete;
mod edit;
pub mod fields;
mod list;
mod new;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/limits", get(list::list).post(new::create))
        .route("/projects/{project_id}/manage/limits/new", get(new::show))
        .route("/projects/{project_id}/manage/limits/{limit_id}", get(edit::show).post(edit::save))
        .route("/projects/{project_id}/manage/limits/{limit_id}/delete", get(delete::ask).post(delete::delete))
}

/// What a limit is called: its models, or all calls.
fn title(limit: &keyward_domain::limit::ProjectLimit) -> String {
    limit.model.clone().unwrap_or_else(|| "All calls".to_owned())
}
