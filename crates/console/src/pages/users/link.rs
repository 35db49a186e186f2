//! A link to hand over, shown this once.

use askama::Template;
use axum::response::Response;

use crate::{respond::html, shell::Shell, when::When};

/// A link, and until when it is good.
#[derive(Template)]
#[template(path = "users/link.html")]
pub struct LinkPage<'a> {
    /// Around it.
    pub shell: Shell,
    /// For whom it is.
    pub title: String,
    /// What it is called.
    pub label: &'static str,
    /// The link itself.
    pub link: &'a str,
    /// Until when it is good.
    pub ends: When,
    /// What to do with it.
    pub hint: &'static str,
    /// Where it goes on.
    pub back: String,
}

impl LinkPage<'_> {
    /// The page.
    pub fn show(self) -> Response {
        html(&self)
    }
}
