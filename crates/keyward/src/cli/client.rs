//! One request to the admin API and its answer. It repeats nothing by itself,
//! follows no redirects, and shows the admin key to nobody but the server.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use keyward_provider::http::{Body, Client, ClientOptions, Endpoint, OutgoingRequest, Response, Tls};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::failure::Failure;

/// Largest answer read into memory, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Longest wait for an answer, or for its next piece. Testing a credential
/// takes as long as its provider does.
const PATIENCE: Duration = Duration::from_secs(120);

/// A way to one server with one admin key.
pub(super) struct Connection {
    client: Client,
    endpoint: Endpoint,
    headers: HeaderMap,
}

impl Connection {
    /// Takes the admin key from the file if one is named, else from the variable.
    pub(super) fn new(url: &str, file: Option<&Path>, variable: Option<&SecretString>) -> Result<Self, Failure> {
        // People give what they gave the SDK, too.
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let endpoint = Endpoint::parse(base).map_err(|why| Failure::Usage(format!("--url can't be used: {why}.")))?;
        let options = ClientOptions {
            // Whoever types the URL may go where this machine can.
            allow_private: true,
            head_timeout: PATIENCE,
            idle_timeout: PATIENCE,
            ..ClientOptions::default()
        };
        let headers = headers(&admin_key(file, variable)?)?;
        Ok(Self { client: Client::new(options, Tls::native()), endpoint, headers })
    }

    pub(super) async fn get(&self, path: &str, query: &Query) -> Result<Bytes, Failure> {
        self.whole(Method::GET, &query.target(path), None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Bytes, Failure> {
        self.whole(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Bytes, Failure> {
        self.whole(Method::DELETE, path, None).await
    }

    /// An answer too large to hold: the caller reads it piece by piece.
    pub(super) async fn stream(&self, path: &str, query: &Query) -> Result<Body, Failure> {
        Ok(self.send(Method::GET, &query.target(path), None).await?.body)
    }

    async fn whole(&self, method: Method, target: &str, body: Option<&Value>) -> Result<Bytes, Failure> {
        Ok(self.send(method, target, body).await?.body.collect(LARGEST_ANSWER).await?)
    }

    /// Sends and reads the head; an answer that isn't a success is a failure.
    async fn send(&self, method: Method, target: &str, body: Option<&Value>) -> Result<Response, Failure> {
        let target = format!("{}{target}", self.endpoint.path());
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let request = OutgoingRequest { method, target: &target, headers: &self.headers, body };
        let response = self.client.send(&self.endpoint, request).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        let request_id = response.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        // What can't be read says as little as what isn't JSON.
        let said = response.body.collect(LARGEST_ANSWER).await.unwrap_or_default();
        Err(Failure::refused(response.status, &said, request_id))
    }
}

fn admin_key(file: Option<&Path>, variable: Option<&SecretString>) -> Result<SecretString, Failure> {
    let Some(file) = file else {
        return variable.cloned().ok_or_else(|| {
            Failure::Usage(
                "No admin key: put it into the variable KEYWARD_ADMIN_KEY, or name a file that holds it with --admin-key-file."
                    .into(),
            )
        });
    };
    std::fs::read_to_string(file)
        .map(SecretString::from)
        .map_err(|error| Failure::Usage(format!("The admin key can't be read from {}: {error}.", file.display())))
}

fn headers(admin_key: &SecretString) -> Result<HeaderMap, Failure> {
    let key = admin_key.expose_secret().trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::Usage("The admin key can't be one: it is sk-admin- and 49 letters and digits.".into()));
    }
    let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))
        .map_err(|_| Failure::Usage("The admin key can't be sent in a header.".into()))?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (header::AUTHORIZATION, bearer),
        (header::ACCEPT, HeaderValue::from_static("*/*")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::USER_AGENT, HeaderValue::from_static(concat!("keyward/", env!("CARGO_PKG_VERSION")))),
    ]))
}

/// The part behind the question mark.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Adds a parameter if there is a value for it.
    pub(super) fn set(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Adds a parameter once for each value.
    pub(super) fn each<T: ToString>(mut self, name: &'static str, values: &[T]) -> Self {
        self.0.extend(values.iter().map(|value| (name, value.to_string())));
        self
    }

    /// A path with these parameters behind it.
    pub(super) fn target(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        format!("{path}?{query}")
    }
}
