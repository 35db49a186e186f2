//! What calls used and cost: of the organization, and of each project.

mod show;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new().route("/organization/usage", get(show::show)).route("/projects/{project_id}/usage", get(show::show))
}
