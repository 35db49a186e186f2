//! The response cache of a project, among its settings: what is decided about
//! it, and emptying it.

mod purge;
mod settings;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/cache", get(settings::show).post(settings::save))
        .route("/projects/{project_id}/manage/cache/purge", get(purge::ask).post(purge::purge))
}
