//! Credentials of the organization and of its projects: list, add, edit with a
//! new secret, test, delete.

mod delete;
mod edit;
mod fields;
mod list;
mod new;
mod test;

use axum::{
    Router,
    routing::{get, post},
};

use crate::Console;

pub fn routes() -> Router<Console> {
    let pages = || {
        Router::new()
            .route("/credentials", get(list::list).post(new::create))
            .route("/credentials/new", get(new::show))
            .route("/credentials/{credential_id}", get(edit::show).post(edit::save))
            .route("/credentials/{credential_id}/test", post(test::test))
            .route("/credentials/{credential_id}/delete", get(delete::ask).post(delete::delete))
    };
    Router::new().nest("/organization", pages()).nest("/projects/{project_id}", pages())
}
