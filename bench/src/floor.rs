//! The floor: hyper's server towards the callers, Keyward's own client towards
//! the provider, one thread, and nothing between them. No key is looked up, no
//! body is read, nothing is counted or noted. What this costs can't be saved as
//! long as hyper stands on the callers' side; what Keyward costs beyond is its own.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::rt::TokioIo;
use keyward_provider::http::{self as upstream, BodyError, Client, ClientOptions, Endpoint, OutgoingRequest, Tls};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

const CREDENTIAL: HeaderValue = HeaderValue::from_static("Bearer sk-bench-credential");

/// What a call needs.
struct Gateway {
    client: Client,
    provider: Endpoint,
}

/// Serves until the process ends. On a `LocalSet`: no call leaves its thread.
pub async fn serve(listen: SocketAddr, provider: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("can't listen on {listen}"))?;
    let options = ClientOptions { allow_private: true, ..ClientOptions::default() };
    let provider = Endpoint::parse(&format!("http://{provider}"))?;
    let gateway = Rc::new(Gateway { client: Client::new(options, Tls::native()), provider });
    let connections = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let gateway = Rc::clone(&gateway);
        connections.spawn_local(async move {
            let service = hyper::service::service_fn(|request| gateway.answer(request));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("floor: {error}");
            }
        });
    }
}

impl Gateway {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Passing>> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        head.headers.insert(header::AUTHORIZATION, CREDENTIAL);
        let target = head.uri.path_and_query().map_or("/", ::http::uri::PathAndQuery::as_str);
        let request = OutgoingRequest { method: head.method, target, headers: &head.headers, body };
        let upstream::Response { status, headers, body } = self.client.send(&self.provider, request).await?;
        let mut answer = Response::new(Passing(body));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// The provider's body as it comes.
struct Passing(upstream::Body);

impl Body for Passing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(ready!(self.0.poll_next(cx)).map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_complete()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.exact_length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
