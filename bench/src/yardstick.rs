//! The yardstick: what an ordinary gateway out of hyper's server and
//! hyper-util's client costs when it only looks the key up, swaps the
//! credential, passes bytes through and reads the usage. It has no limits, no
//! journal, no spans, and isn't tuned: the difference to it is ours.

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

type Digest = [u8; 32];

/// What a call needs.
struct Gateway {
    client: Client<HttpConnector, Incoming>,
    provider: SocketAddr,
    /// HMAC keyed with the pepper; cloned for each call.
    hmac: Hmac<Sha256>,
    keys: HashMap<Digest, Key>,
}

struct Key {
    credential: HeaderValue,
    tokens: Arc<AtomicU64>,
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: u64,
}

/// Serves calls of the one API key `key` until the process ends.
pub async fn serve(listen: SocketAddr, provider: SocketAddr, key: &str) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("can't listen on {listen}"))?;
    let gateway = Arc::new(Gateway::new(provider, key)?);
    let connections = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let gateway = Arc::clone(&gateway);
        let service = hyper::service::service_fn(move |request| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.answer(request).await }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("yardstick: {error}");
            }
        });
    }
}

impl Gateway {
    fn new(provider: SocketAddr, key: &str) -> Result<Self> {
        let hmac = Hmac::new_from_slice(b"the yardstick's pepper").map_err(|error| anyhow!("{error}"))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let credential = HeaderValue::from_static("Bearer sk-bench-credential");
        let entry = Key { credential, tokens: Arc::default() };
        let keys = HashMap::from([(digest(&hmac, key.as_bytes()), entry)]);
        Ok(Self { client, provider, hmac, keys })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, hyper::Error>>> {
        let Some(key) = self.key(request.headers()) else {
            return refusal(StatusCode::UNAUTHORIZED);
        };
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        head.uri = Uri::try_from(format!("http://{}{path}", self.provider))?;
        head.headers.remove(header::HOST);
        head.headers.remove(header::CONNECTION);
        head.headers.insert(header::AUTHORIZATION, key.credential.clone());
        let Ok(answer) = self.client.request(Request::from_parts(head, body)).await else {
            return refusal(StatusCode::BAD_GATEWAY);
        };
        let (mut head, body) = answer.into_parts();
        head.headers.remove(header::CONNECTION);
        head.headers.remove(header::TRANSFER_ENCODING);
        let tap = UsageTap { body, tokens: Arc::clone(&key.tokens) };
        Ok(Response::from_parts(head, tap.boxed()))
    }

    fn key(&self, headers: &http::HeaderMap) -> Option<&Key> {
        let secret = headers.get(header::AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")?;
        self.keys.get(&digest(&self.hmac, secret))
    }
}

fn digest(hmac: &Hmac<Sha256>, secret: &[u8]) -> Digest {
    hmac.clone().chain_update(secret).finalize().into_bytes().into()
}

fn refusal(status: StatusCode) -> Result<Response<BoxBody<Bytes, hyper::Error>>> {
    let body = Full::new(Bytes::new()).map_err(|never| match never {});
    Ok(Response::builder().status(status).body(body.boxed())?)
}

/// Passes a body through and counts the tokens that its usage names.
struct UsageTap {
    body: Incoming,
    tokens: Arc<AtomicU64>,
}

impl Body for UsageTap {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.tokens.fetch_add(total_tokens(data).unwrap_or(0), Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// The tokens in the first usage object of `data`, which must be whole in it.
fn total_tokens(data: &[u8]) -> Option<u64> {
    const USAGE: &[u8] = br#""usage":{"#;
    let start = memchr::memmem::find(data, USAGE)? + USAGE.len() - 1;
    let mut values = serde_json::Deserializer::from_slice(data.get(start..)?).into_iter::<Usage>();
    Some(values.next()?.ok()?.total_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

    #[test]
    fn usage_is_read_from_answers_and_streams() {
        assert_eq!(total_tokens(script::answer_body().as_bytes()), Some(143));
        let events = script::stream_events();
        assert_eq!(total_tokens(events[0].as_bytes()), None);
        assert_eq!(total_tokens(events.concat().as_bytes()), Some(143));
        assert_eq!(total_tokens(br#"{"usage":{"total_to"#), None);
    }

    #[test]
    fn only_the_one_key_is_known() -> Result<()> {
        let gateway = Gateway::new(SocketAddr::from(([127, 0, 0, 1], 1)), "sk-project-known")?;
        let known = |value: &'static str| {
            let headers = http::HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            gateway.key(&headers).is_some()
        };
        assert!(known("Bearer sk-project-known"));
        assert!(!known("Bearer sk-project-other"));
        assert!(!known("Basic sk-project-known"));
        Ok(())
    }
}
