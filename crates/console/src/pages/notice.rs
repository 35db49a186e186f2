//! A page that only tells something, to anybody: what was done, or why a link
//! opens nothing, and where to go from there.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use crate::{
    assets::{ASSETS, Assets},
    respond::html_with,
    visit::Look,
};

/// What is told.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice {
    title: String,
    lines: Vec<String>,
    /// A command to type, if one helps.
    command: Option<&'static str>,
    /// Where to go: address and words. The first is what most people want.
    ways: Vec<(String, String)>,
    look: Look,
    assets: &'static Assets,
}

impl Notice {
    /// A page with that title.
    pub fn new(look: Look, title: impl Into<String>) -> Self {
        Self { title: title.into(), lines: Vec::new(), command: None, ways: Vec::new(), look, assets: &ASSETS }
    }

    /// One more paragraph.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// A command to type.
    pub fn command(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }

    /// One more way on.
    pub fn way(mut self, href: impl Into<String>, label: impl Into<String>) -> Self {
        self.ways.push((href.into(), label.into()));
        self
    }

    /// The answer.
    pub fn page(&self, status: StatusCode) -> Response {
        html_with(status, self)
    }
}
