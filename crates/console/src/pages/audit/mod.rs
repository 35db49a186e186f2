//! The audit log: of the organization, and of each project among its settings.

mod list;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/organization/audit", get(list::list))
        .route("/projects/{project_id}/manage/audit", get(list::list))
}
