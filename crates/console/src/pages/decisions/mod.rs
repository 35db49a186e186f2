//! Looking up why a call was let through or refused: in the organization, and in
//! each project.

mod show;

use axum::{Router, routing::get};

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/organization/usage/decisions", get(show::show))
        .route("/projects/{project_id}/usage/decisions", get(show::show))
}
