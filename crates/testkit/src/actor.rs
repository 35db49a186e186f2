//! Somebody who asks Keyward over HTTP, with a key or without.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
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

    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.answers.lock().clone()
    }
}

impl Actor {
    pub(crate) const fn new(line: Line, key: Option<String>) -> Self {
        Self { line, key }
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
        let request = request.body(Bytes::new()).expect("a test's path is a path");
        Asking { line: &self.line, request }
    }
}

/// A request that isn't sent yet.
#[derive(Debug)]
#[must_use = "nothing is asked before it is sent"]
pub struct Asking<'a> {
    line: &'a Line,
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
        self.line.answers.lock().push(answer.clone());
        answer
    }
}
