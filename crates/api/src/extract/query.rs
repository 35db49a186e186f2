//! Query strings: every parameter is asked for by name, and one that nobody
//! asked for is refused, because a filter with a typing error would show
//! everything.

use std::str::FromStr;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use keyward_domain::page::{Cursor, Order, Page};

use crate::{Api, ApiError};

/// The parameters that are not yet taken.
pub struct Query(Vec<(String, String)>);

impl FromRequestParts<Api> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// The longest value, in bytes: databases refuse to search for much more.
const MAX_VALUE: usize = 1000;

fn read(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in &parameters {
        let refuse = |why: &str| {
            let name: String = name.chars().take(100).collect();
            Err(invalid(&name, format!("{name} {why}")))
        };
        if value.len() > MAX_VALUE {
            return refuse("is longer than 1000 bytes.");
        }
        // PostgreSQL has no text with a NUL in it, and nobody means the others.
        if value.chars().any(char::is_control) {
            return refuse("holds a control character.");
        }
    }
    Ok(parameters)
}

fn invalid(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_value", message).param(param)
}

fn cursor<Id: FromStr>(name: &str, text: &str) -> Result<Id, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_cursor", format!("{name} must be an id from this list."))
            .param(name)
    })
}

impl Query {
    /// Takes a list, spelled `name=`, `name[]=` or `name[0]=`, any number of times.
    pub fn many(&mut self, name: &str) -> Vec<String> {
        let is_it = |key: &str| {
            key.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty()
                    || (rest.starts_with('[')
                        && rest.ends_with(']')
                        && rest[1..rest.len() - 1].bytes().all(|b| b.is_ascii_digit()))
            })
        };
        self.0.extract_if(.., |(key, _)| is_it(key)).map(|(_, value)| value).collect()
    }

    /// Takes a single value.
    pub fn one(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let mut values = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(invalid(name, format!("{name} stands twice in the query. Send it once.")));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Takes `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        self.one(name)?
            .map(|value| {
                value.to_ascii_lowercase().parse().map_err(|_| invalid(name, format!("{name} must be true or false.")))
            })
            .transpose()
    }

    /// Takes a whole number.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        self.one(name)?
            .map(|value| value.parse().map_err(|_| invalid(name, format!("{name} must be a whole number."))))
            .transpose()
    }

    /// Takes one of some words.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            invalid(name, format!("{name} must be one of: {}.", known.join(", ")))
        })
    }

    /// Takes `limit`, `order`, `after` and `before`.
    pub fn page<Id: FromStr>(&mut self, default_order: Order) -> Result<Page<Id>, ApiError> {
        self.page_by_default(20, default_order)
    }

    /// The same for a list whose pages are of `limit` unless asked.
    pub fn page_by_default<Id: FromStr>(&mut self, limit: u32, default_order: Order) -> Result<Page<Id>, ApiError> {
        let before = self.one("before")?;
        let page = self.page_of(limit, 100, default_order)?;
        match (page.cursor, before) {
            (Some(_), Some(_)) => Err(invalid("before", "Give after or before, not both.")),
            (None, Some(before)) => Ok(Page { cursor: Some(Cursor::Before(cursor("before", &before)?)), ..page }),
            (cursor, None) => Ok(Page { cursor, ..page }),
        }
    }

    /// Takes `limit`, `order` and `after`, for a list that only goes forward.
    pub fn next_page<Id: FromStr>(&mut self, limit: u32, default_order: Order) -> Result<Page<Id>, ApiError> {
        self.page_of(limit, 1000, default_order)
    }

    fn page_of<Id: FromStr>(&mut self, limit: u32, most: u32, default_order: Order) -> Result<Page<Id>, ApiError> {
        let limit = self.integer("limit")?.unwrap_or(i64::from(limit));
        let limit = u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| invalid("limit", format!("limit must be 1 to {most}.")))?;
        let order = self.word("order", &[("asc", Order::Asc), ("desc", Order::Desc)])?.unwrap_or(default_order);
        let after = self.one("after")?;
        let cursor = after.map(|after| cursor("after", &after)).transpose()?.map(Cursor::After);
        Ok(Page { limit, order, cursor })
    }

    /// Refuses what nobody took.
    pub fn end(self) -> Result<(), ApiError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(100).collect();
                Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "unknown_parameter",
                    format!("Unknown query parameter: {name}."),
                )
                .param(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn what_no_database_can_look_for_is_refused_by_name() {
        for query in [format!("search={}", "a".repeat(1001)), "search=a%00".into(), "a=1&search=%0a".into()] {
            let refused = read(&query).unwrap_err().into_response();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
            let body = axum::body::to_bytes(refused.into_body(), 10_000).await.unwrap();
            assert!(body.windows(16).any(|text| text == b"\"param\":\"search\""), "{query}");
        }
        assert_eq!(read(&format!("search={}", "a".repeat(1000))).unwrap().len(), 1);
        assert_eq!(read("search=%c3%a9+b").unwrap(), [("search".to_owned(), "é b".to_owned())]);
    }
}
