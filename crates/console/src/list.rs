//! Lists: what the address asks for, and the links to the pages beside it.
//! Filters stand in the address, so that a link shows the same to everybody.

use std::str::FromStr;

use axum::{extract::FromRequestParts, http::StatusCode, http::request::Parts};
use keyward_domain::page::{Cursor, Order, Page};
use keyward_web::Problem;

use crate::{Console, problem_page::Refused};

/// Rows of a page.
pub const ROWS: u32 = 25;
/// Longest value that is searched for, in bytes.
const MAX_VALUE: usize = 1000;

/// What the address asks for.
#[derive(Debug, Clone)]
pub struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

impl FromRequestParts<Console> for Query {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self, Refused> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self::read(parts.uri.path(), query)?)
    }
}

impl Query {
    fn read(path: &str, query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        if pairs.iter().any(|(_, value)| value.len() > MAX_VALUE || value.chars().any(char::is_control)) {
            let message = "A filter in this address is too long, or holds a control character.";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_value", message));
        }
        Ok(Self { path: path.to_owned(), pairs })
    }

    /// The same for another address: of the page that a form belongs to.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), pairs: self.pairs.clone() }
    }

    /// A parameter's value, empty if it isn't there.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A parameter's value, if it is there.
    pub fn optional(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Whether anything but the page is asked for.
    pub fn is_filtered(&self) -> bool {
        self.pairs.iter().any(|(name, _)| !matches!(name.as_str(), "after" | "before" | "order" | "sort"))
    }

    /// Which page is asked for.
    pub fn page<Id: FromStr>(&self, order: Order) -> Result<Page<Id>, Problem> {
        let cursor = |name: &str| {
            self.optional(name)
                .map(|text| {
                    let message = "This page of the list is gone. Start again from its beginning.";
                    text.parse().map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", message))
                })
                .transpose()
        };
        let cursor = match (cursor("after")?, cursor("before")?) {
            (Some(id), _) => Some(Cursor::After(id)),
            (None, Some(id)) => Some(Cursor::Before(id)),
            (None, None) => None,
        };
        Ok(Page { limit: ROWS, order, cursor })
    }

    /// The address with other values; an empty one takes the parameter out.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        let kept = self.pairs.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        text.extend_pairs(kept);
        text.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
        let query = text.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// The links beside a page from `first` to `last`. `has_more`: further ones
    /// in the direction that was asked for.
    pub fn paging(&self, first: Option<&str>, last: Option<&str>, has_more: bool) -> Paging {
        let is_backwards = self.get("after").is_empty() && !self.get("before").is_empty();
        let has_previous = if is_backwards { has_more } else { !self.get("after").is_empty() };
        let has_next = is_backwards || has_more;
        Paging {
            previous: first.filter(|_| has_previous).map(|id| self.with(&[("after", ""), ("before", id)])),
            next: last.filter(|_| has_next).map(|id| self.with(&[("before", ""), ("after", id)])),
        }
    }
}

/// The links beside a page of a list.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// To the rows before.
    pub previous: Option<String>,
    /// To the rows behind.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_filter_and_move_the_page() {
        let query = |text: &str| Query::read("/projects", text).unwrap();
        let first = query("status=active&search=a+b").paging(Some("1"), Some("9"), true);
        assert_eq!(first.previous, None);
        assert_eq!(first.next.unwrap(), "/projects?status=active&search=a+b&after=9");
        let middle = query("status=active&after=9").paging(Some("10"), Some("19"), false);
        assert_eq!(middle.previous.unwrap(), "/projects?status=active&before=10");
        assert_eq!(middle.next, None);
        let back = query("before=10").paging(Some("1"), Some("9"), false);
        assert_eq!((back.previous, back.next.as_deref()), (None, Some("/projects?after=9")));
        assert!(query("status=active").is_filtered() && !query("after=1&status=").is_filtered());
        assert_eq!(query("a=1").with(&[("a", "")]), "/projects");
        assert!(Query::read("/", "search=%00").is_err());
    }
}
