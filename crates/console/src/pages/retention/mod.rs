//! How long data is kept: decided by the organization, shown in each project.

mod settings;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/organization/retention", get(settings::show).post(settings::save))
        .route("/projects/{project_id}/manage/retention", get(settings::show))
}
