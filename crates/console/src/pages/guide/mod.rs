//! `/guide/…`: how things are best done, linked from where the question comes
//! up. Text alone.

use askama::Template;
use axum::{Router, response::Response, routing::get};

use crate::{Console, respond::html, shell::Shell, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new().route("/guide/projects", get(projects)).route("/guide/api-keys", get(api_keys))
}

#[derive(Template)]
#[template(path = "guide/projects.html")]
struct ProjectsPage {
    shell: Shell,
}

#[derive(Template)]
#[template(path = "guide/api_keys.html")]
struct ApiKeysPage {
    shell: Shell,
}

async fn projects(visit: Visit) -> Response {
    html(&ProjectsPage { shell: Shell::new(&visit, "Working with projects") })
}

async fn api_keys(visit: Visit) -> Response {
    html(&ApiKeysPage { shell: Shell::new(&visit, "Working with API keys") })
}
