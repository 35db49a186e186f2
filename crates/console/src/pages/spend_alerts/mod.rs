//! Spend alerts of the organization, and of a project among its settings: list,
//! add, edit, delete.

mod delete;
mod edit;
mod fields;
mod list;
mod new;

use axum::{Router, routing::get};

use super::place::Place;
use crate::Console;

pub fn routes() -> Router<Console> {
    ["/organization/spend-alerts", "/projects/{project_id}/manage/spend-alerts"].into_iter().fold(
        Router::new(),
        |router, root| {
            router
                .route(root, get(list::list).post(new::create))
                .route(&format!("{root}/new"), get(new::show))
                .route(&format!("{root}/{{alert_id}}"), get(edit::show).post(edit::save))
                .route(&format!("{root}/{{alert_id}}/delete"), get(delete::ask).post(delete::delete))
        },
    )
}

fn root(place: &Place) -> String {
    match place.project {
        Some(_) => format!("{}/manage/spend-alerts", place.root()),
        None => format!("{}/spend-alerts", place.root()),
    }
}
