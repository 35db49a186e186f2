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
    ["/organization", "/projects/{project_id}"].into_iter().fold(Router::new(), |router, root| {
        router
            .route(&format!("{root}/credentials"), get(list::list).post(new::create))
            .route(&format!("{root}/credentials/new"), get(new::show))
            .route(&format!("{root}/credentials/{{credential_id}}"), get(edit::show).post(edit::save))
            .route(&format!("{root}/credentials/{{credential_id}}/test"), post(test::test))
            .route(&format!("{root}/credentials/{{credential_id}}/delete"), get(delete::ask).post(delete::delete))
    })
}
