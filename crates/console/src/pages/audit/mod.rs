//! The audit log: of the organization, and of each project among its settings;
//! and the proof that nobody touched it.

mod list;
mod verify;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/organization/audit", get(list::list))
        .route("/organization/audit/verify", get(verify::ask).post(verify::verify))
        .route("/projects/{project_id}/manage/audit", get(list::list))
}
