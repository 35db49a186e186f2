//! One connection of a caller: HTTP/1.1 by hyper, its calls one after another
//! (HTTP/2 is next door).
//! It ends when the caller closes, when the process drains and nothing is in
//! flight any more, or when draining has taken too long.

use std::{
    convert::Infallible,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request, Response, StatusCode, header, request};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use keyward_domain::{id::RequestId, provider::Dialect};
use tokio::{net::TcpStream, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    BoxError,
    admission::{Admitted, Full},
    call::{self, Call},
    core::Core,
    error::CallError,
    http2,
    inbound::Inbound,
    line::{Line, NoLine, Spoken},
    message::{self, After},
    metrics::{Begun, Place},
    respond::{AnswerBody, Names, refuse},
    socket::{InCall, MAX_HEAD, Socket, Wire},
};

/// From a connection's beginning, or the end of an answer, to a whole head.
const HEAD_TIME: Duration = Duration::from_secs(30);
const MAX_HEADERS: usize = 100;
/// How long a connection may take to say something once the process drains.
pub(crate) const QUIET: Duration = Duration::from_millis(500);

/// Serves `stream` until it ends. `draining` stops it after the calls in
/// flight; `ended` closes it at once.
pub(crate) async fn serve(
    core: Rc<Core>,
    stream: TcpStream,
    peer: SocketAddr,
    _admitted: Admitted,
    draining: CancellationToken,
    ended: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone before it began");
        return;
    }
    let line = tokio::select! {
        biased;
        line = open(&core, stream) => line,
        () = async { draining.cancelled().await; sleep(QUIET).await } => None,
    };
    let (line, spoken) = match line {
        Some(opened) => opened,
        None => return,
    };
    let (scratch, patience) = (core.scratch.clone(), core.shared.options.answer_idle);
    if spoken == Spoken::Http2 {
        let wire = Wire::unread_heads();
        let socket = Socket::new(line, Rc::clone(&wire), scratch, patience, None);
        return Box::pin(http2::serve(core, (socket, wire), peer, draining, ended)).await;
    }
    let wire = Rc::new(Wire::default());
    let refuser = Rc::clone(&core);
    let socket = Socket::new(
        line,
        Rc::clone(&wire),
        scratch,
        patience,
        Some(Box::new(move |status| unparsable(&refuser, status))),
    );
    let service = service_fn(|request: Request<Incoming>| answer(&core, &wire, peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .serve_connection(socket, service);
    tokio::pin!(connection);

    let done = tokio::select! {
        biased;
        done = connection.as_mut() => Some(done),
        () = draining.cancelled() => None,
    };
    let done = match done {
        Some(done) => done,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                done = connection.as_mut() => done,
                () = stays_quiet(&wire) => return,
                () = ended.cancelled() => return,
            }
        }
    };
    if let Err(error) = done {
        tracing::trace!(%error, "a connection broke");
    }
}

/// What the calls of a connection travel on; begins TLS where that is asked for.
async fn open(core: &Core, stream: TcpStream) -> Option<(Line, Spoken)> {
    let line = match &core.shared.acceptor {
        None => Ok(Line::Plain(stream)),
        Some(acceptor) => Box::pin(Line::secure(stream, acceptor)).await,
    };
    match line {
        Ok(line) => {
            let spoken = line.spoken().await?;
            Some((line, spoken))
        }
        Err(NoLine::Gone) => None,
        Err(NoLine::Unencrypted(stream)) => {
            let message = "This address speaks HTTPS only. Use https:// instead of http://.";
            let error = CallError::bad_request("https_required", message);
            core.refusals.turn_away(stream, &bare(core, &error)).await;
            None
        }
    }
}

/// Tells somebody who can't be let in why, and closes.
pub(crate) async fn turn_away(core: Rc<Core>, stream: TcpStream, full: Full) {
    let error = CallError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", full.message());
    core.refusals.turn_away(stream, &bare(&core, &error)).await;
}

/// Ends when no call has come for a while.
async fn stays_quiet(wire: &Wire) {
    loop {
        sleep(QUIET).await;
        if !wire.busy.get() {
            return;
        }
    }
}

/// One call, whatever happens in it.
async fn answer(
    core: &Rc<Core>,
    wire: &Rc<Wire>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Served>, Infallible> {
    let (head, body) = request.into_parts();
    let checked = message::check(&head, wire);
    let in_call = wire.begin_call();
    wire.unread.set(!body.is_end_stream());
    let may_go_on = checked == Ok(After::Open);
    let (mut answer, begun) = respond(core, wire, peer, head, body, checked.err()).await;
    if !may_go_on {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer.map(|body| Served { body, _in_call: in_call, _begun: begun }))
}

/// Answers a request, or says why it is refused.
pub(crate) async fn respond(
    core: &Rc<Core>,
    wire: &Wire,
    peer: SocketAddr,
    head: request::Parts,
    body: Incoming,
    refused: Option<CallError>,
) -> (Response<AnswerBody>, Begun) {
    let (begun, place) = (core.counts.begin(), Place::of(&head));
    let id = new_id(core);
    let names = Names::new(id, &head.headers);
    let body = Inbound::new(body, core.shared.pace, Arc::clone(&core.shared.room));
    let call = Call::new(core, wire, peer, head, id);
    let dialect = call.dialect();
    let mut answer = match refused {
        None => AssertUnwindSafe(call::answer(call, body)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(request = %id, "a call panicked");
            refuse(&CallError::panicked(), dialect, id)
        }),
        Some(error) => refuse(&error, dialect, id),
    };
    names.put(answer.headers_mut());
    core.counts.answered(place, &answer);
    (answer, begun)
}

fn new_id(core: &Core) -> RequestId {
    let parts = &core.shared.parts;
    RequestId::generate(&parts.ids, &*parts.clock, &*parts.randomness)
}

/// The whole answer to what isn't HTTP as hyper reads it.
fn unparsable(core: &Core, status: u16) -> Bytes {
    let (status, code, message) = match status {
        414 => (StatusCode::URI_TOO_LONG, "url_too_long", "The request's address is too long."),
        431 => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            "The request has too many headers, or too long ones: 100 headers and 64 KB are allowed.",
        ),
        _ => (StatusCode::BAD_REQUEST, "malformed_request", "The request isn't proper HTTP/1.1."),
    };
    bare(core, &CallError::new(status, code, message))
}

/// A refusal as bytes, where no request was read.
fn bare(core: &Core, error: &CallError) -> Bytes {
    let id = new_id(core);
    let body = error.envelope(Dialect::OpenAi, id);
    let retry = if error.status == StatusCode::SERVICE_UNAVAILABLE { "retry-after: 1\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n{retry}content-length: {}\r\nconnection: close\r\n\r\n",
        error.status.as_u16(),
        error.status.canonical_reason().unwrap_or_default(),
        body.len(),
    );
    [head.as_bytes(), &body].concat().into()
}

/// An answer's body; the call lasts as long as it does.
struct Served {
    body: AnswerBody,
    _in_call: InCall,
    _begun: Begun,
}

impl Body for Served {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
