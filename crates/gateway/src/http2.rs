//! One connection of a caller in HTTP/2: many calls at once, each a task of
//! its own on the connection's core. What bounds an HTTP/1.1 connection bounds
//! this one: so many calls, so many bytes in each buffer, and nobody who takes
//! nothing is waited for. One call that is given up leaves the others alone.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, rt::Executor, server::conn::http2, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    BoxError,
    connection::{self, QUIET},
    core::Core,
    message,
    metrics::Begun,
    respond::AnswerBody,
    socket::{MAX_HEAD, Socket, Wire},
};

/// Calls that one connection may have in flight.
const MAX_CALLS: u32 = 128;
/// What a caller may send of one body, and of all, before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// What is kept of one answer that the caller hasn't taken.
const SEND_BUFFER: usize = 64 << 10;
/// Whether somebody is still there, and how long an answer to that may take.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);
/// How long a connection may have no call.
const IDLE: Duration = Duration::from_secs(120);
const IDLE_LOOK: Duration = Duration::from_secs(15);
/// How long the last bytes of a connection without calls may take.
const PARTING: Duration = Duration::from_secs(5);

/// Serves the connection until it ends. `draining` stops it after the calls in
/// flight; `ended` closes it at once.
pub(crate) async fn serve(
    core: Rc<Core>,
    (socket, wire): (Socket, Rc<Wire>),
    peer: SocketAddr,
    draining: CancellationToken,
    ended: CancellationToken,
) {
    let calls = Calls::new(Rc::clone(&core));
    let _all_end_with_it = calls.closed.clone().drop_guard();
    let service = service_fn(|request: Request<Incoming>| {
        answer((Rc::clone(&core), Rc::clone(&wire)), peer, calls.begin(), request)
    });
    let connection = http2::Builder::new(calls.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CALLS)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .serve_connection(socket, service);
    tokio::pin!(connection);
    let done = tokio::select! {
        biased;
        done = connection.as_mut() => Some(done),
        () = draining.cancelled() => None,
        () = calls.are_none_for(IDLE, IDLE_LOOK) => None,
    };
    let done = match done {
        Some(done) => done,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                done = connection.as_mut() => done,
                () = calls.are_none_for(PARTING, QUIET) => return,
                () = ended.cancelled() => return,
            }
        }
    };
    if let Err(error) = done {
        tracing::trace!(%error, "a connection broke");
    }
}

/// One call, whatever happens in it.
async fn answer(
    (core, wire): (Rc<Core>, Rc<Wire>),
    peer: SocketAddr,
    progress: Rc<Progress>,
    request: Request<Incoming>,
) -> Result<Response<Handed>, Infallible> {
    let (mut head, body) = request.into_parts();
    let checked = message::check_http2(&mut head);
    let is_head = head.method == Method::HEAD;
    let (mut answer, begun) = connection::respond(&core, &wire, peer, head, body, checked.err()).await;
    if is_head {
        leave_out_body(&mut answer);
    }
    Ok(answer.map(|body| Handed { body, progress, _begun: begun }))
}

/// An answer to HEAD has the headers alone. Of HTTP/1.1 hyper sees to that, of
/// HTTP/2 it doesn't.
fn leave_out_body(answer: &mut Response<AnswerBody>) {
    if let Some(length) = answer.body().size_hint().exact() {
        answer.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    *answer.body_mut() = AnswerBody::empty();
}

/// The calls of one connection. As the server's executor it runs them.
#[derive(Clone)]
struct Calls {
    core: Rc<Core>,
    /// Of the call that begins right now: the server asks for its answer and
    /// for its task one after the other.
    beginning: Rc<RefCell<Option<Rc<Progress>>>>,
    in_flight: Rc<Cell<usize>>,
    /// When the last call ended.
    since: Rc<Cell<Instant>>,
    closed: CancellationToken,
}

impl Calls {
    fn new(core: Rc<Core>) -> Self {
        Self {
            core,
            beginning: Rc::default(),
            in_flight: Rc::default(),
            since: Rc::new(Cell::new(Instant::now())),
            closed: CancellationToken::new(),
        }
    }

    fn begin(&self) -> Rc<Progress> {
        let progress = Rc::new(Progress::default());
        *self.beginning.borrow_mut() = Some(Rc::clone(&progress));
        progress
    }

    /// Ends once there has been no call for so long.
    async fn are_none_for(&self, quiet: Duration, look: Duration) {
        let began = Instant::now();
        loop {
            sleep(look).await;
            if self.in_flight.get() == 0 && self.since.get().max(began).elapsed() >= quiet {
                return;
            }
        }
    }
}

impl<F: Future<Output = ()> + 'static> Executor<F> for Calls {
    fn execute(&self, call: F) {
        let progress = self.beginning.borrow_mut().take().unwrap_or_default();
        let patience = self.core.shared.options.answer_idle;
        let (closed, in_flight) = (self.closed.clone(), InFlight::new(self));
        self.core.tasks.spawn_local(async move {
            let _in_flight = in_flight;
            tokio::select! {
                biased;
                () = closed.cancelled() => {}
                () = (Patient { call: Box::pin(call), progress, patience, stalled: None }) => {}
            }
        });
    }
}

/// A call is in flight, until this is dropped.
struct InFlight {
    in_flight: Rc<Cell<usize>>,
    since: Rc<Cell<Instant>>,
}

impl InFlight {
    fn new(calls: &Calls) -> Self {
        calls.in_flight.set(calls.in_flight.get() + 1);
        Self { in_flight: Rc::clone(&calls.in_flight), since: Rc::clone(&calls.since) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.in_flight.set(self.in_flight.get() - 1);
        self.since.set(Instant::now());
    }
}

/// How far an answer has come.
#[derive(Default)]
struct Progress {
    /// Pieces that the server took.
    pieces: Cell<u64>,
    /// It hasn't asked for another one since: the caller takes nothing.
    is_held: Cell<bool>,
}

/// Runs a call until its caller has taken nothing for too long: dropping it
/// resets its stream and hangs up at the provider.
struct Patient<F> {
    call: Pin<Box<F>>,
    progress: Rc<Progress>,
    patience: Duration,
    /// At which piece it is held, and until when it may be.
    stalled: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<F: Future<Output = ()>> Future for Patient<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.call.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Progress { pieces, is_held } = &*this.progress;
        if !is_held.get() {
            this.stalled = None;
            return Poll::Pending;
        }
        let known = this.stalled.take().filter(|(piece, _)| *piece == pieces.get());
        let (_, until) = this.stalled.insert(known.unwrap_or_else(|| (pieces.get(), Box::pin(sleep(this.patience)))));
        ready!(until.as_mut().poll(cx));
        tracing::debug!("a caller takes nothing of its answer and is given up");
        Poll::Ready(())
    }
}

/// An answer's body that notes what was taken of it.
struct Handed {
    body: AnswerBody,
    progress: Rc<Progress>,
    _begun: Begun,
}

impl Body for Handed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        let is_held = matches!(frame, Poll::Ready(Some(Ok(_))));
        this.progress.is_held.set(is_held);
        if is_held {
            this.progress.pieces.set(this.progress.pieces.get() + 1);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
