//! An answer, read to its end, and what every refusal has in common.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body read as JSON; null when it isn't.
    pub json: Value,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { status, headers, body, json }
    }

    /// A header's text, if there is one of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of Keyward's is ASCII"))
    }

    /// The JSON of an answer with status 200. Panics at any other.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json
    }

    /// Checks status, `error.code` and `error.param`, and all that every
    /// refusal in OpenAI's envelope has.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, param: impl Into<Option<&'static str>>) {
        let error = &self.json["error"];
        let found = (self.status, error["code"].as_str(), error["param"].as_str());
        assert_eq!(found, (status, Some(code), param.into()), "{}", self.text());
        let kind = match status {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        assert_eq!(error["type"], kind, "{}", self.text());
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(4), "{}", self.text());
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 20), "{}", self.text());
        assert_eq!(self.json.as_object().map(serde_json::Map::len), Some(1), "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{:?}", self.headers);
        if status == 409 {
            assert_eq!(self.header("x-should-retry"), Some("false"), "an SDK would repeat it: {}", self.text());
        }
    }

    /// The body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}
