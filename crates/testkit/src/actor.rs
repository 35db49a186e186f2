//! Somebody who asks Keyward over HTTP: with a key, with the cookie of a
//! session, or with neither.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::Answer;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Actor {
    line: Line,
    key: Option<String>,
    browser: Option<Browser>,
}

/// What a person asks with: it keeps the cookie of their session, and says that
/// the page behind a request is Keyward's own.
#[derive(Debug, Clone, Default)]
struct Browser(Arc<Mutex<Option<String>>>);

/// The cookie of a session.
const COOKIE: &str = "__Host-keyward";

impl Browser {
    fn take_in(&self, headers: &HeaderMap) {
        for header in headers.get_all(header::SET_COOKIE) {
            let text = header.to_str().expect("a cookie of Keyward's is ASCII");
            let value = text.split(';').next().and_then(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='));
            if let Some(value) = value {
                *self.0.lock() = Some(value.to_owned()).filter(|value| !value.is_empty());
            }
        }
    }
}

/// The way to one Keyward, and all that came back on it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Line {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http(), answers: Arc::default() }
    }

    /// The same way from another address of this machine.
    fn elsewhere(&self) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(IpAddr::from([127, 0, 0, 2])));
        Self { client: Client::builder(TokioExecutor::new()).build(connector), ..self.clone() }
    }

    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.answers.lock().clone()
    }
}

impl Actor {
    pub(crate) const fn new(line: Line, key: Option<String>) -> Self {
        Self { line, key, browser: None }
    }

    /// Somebody else, in front of a browser in which nobody is signed in.
    pub fn with_browser(&self) -> Self {
        Self { browser: Some(Browser::default()), ..Self::new(self.line.clone(), None) }
    }

    /// Somebody else, in front of a browser that has this cookie.
    pub fn with_cookie(&self, value: impl Into<String>) -> Self {
        let actor = self.with_browser();
        if let Some(browser) = &actor.browser {
            *browser.0.lock() = Some(value.into());
        }
        actor
    }

    /// The same person, in front of another browser in another network.
    pub fn elsewhere(&self) -> Self {
        Self { line: self.line.elsewhere(), ..self.with_browser() }
    }

    /// The value of the cookie that their browser has. Panics if it has none.
    pub fn cookie(&self) -> String {
        self.browser.as_ref().and_then(|browser| browser.0.lock().clone()).expect("they are signed in")
    }

    /// Whether their browser has a session's cookie.
    pub fn has_cookie(&self) -> bool {
        self.browser.as_ref().is_some_and(|browser| browser.0.lock().is_some())
    }

    /// Somebody else, who shows this key.
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self::new(self.line.clone(), Some(key.into()))
    }

    /// The key that is shown.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.asking(Method::GET, path).send().await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.asking(Method::POST, path).json(&body).send().await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.asking(Method::DELETE, path).send().await
    }

    /// Any other request, to be described further and sent.
    pub fn asking(&self, method: Method, path: &str) -> Asking<'_> {
        let uri = format!("http://{}{path}", self.line.address);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if let Some(Browser(cookie)) = &self.browser {
            request = request.header("sec-fetch-site", "same-origin");
            if let Some(cookie) = &*cookie.lock() {
                request = request.header(header::COOKIE, format!("{COOKIE}={cookie}"));
            }
        }
        let request = request.body(Bytes::new()).expect("a test's path is a path");
        Asking { line: &self.line, browser: self.browser.as_ref(), request }
    }
}

/// A request that isn't sent yet.
#[derive(Debug)]
#[must_use = "nothing is asked before it is sent"]
pub struct Asking<'a> {
    line: &'a Line,
    browser: Option<&'a Browser>,
    request: Request<Bytes>,
}

impl Asking<'_> {
    /// Adds a header; what it says already is kept.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a test's header is a header");
        self.request.headers_mut().append(HeaderName::from_static(name), value);
        self
    }

    /// A JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Any body.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = body.into();
        self.header("content-type", content_type)
    }

    /// Sends it, and reads the answer to its end.
    pub async fn send(self) -> Answer {
        let answer = self.line.client.request(self.request.map(Full::new)).await.expect("Keyward answers");
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("an answer is whole").to_bytes();
        let answer = Answer::new(head.status.as_u16(), head.headers, body);
        if let Some(browser) = self.browser {
            browser.take_in(&answer.headers);
        }
        self.line.answers.lock().push(answer.clone());
        answer
    }
}
