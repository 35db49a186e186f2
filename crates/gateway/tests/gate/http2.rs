//! Callers who speak HTTP/2: in TLS, or in the clear because they know.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyward_domain::provider::Provider;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
};

use crate::support::{CHAT, CHAT_ANSWER, CHAT_STREAM, Gate, Setup, TestKey, TestProvider, within};

type Outgoing = http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// One connection of a caller.
pub struct Caller {
    calls: SendRequest<Outgoing>,
    connection: JoinSet<hyper::Result<()>>,
    origin: String,
}

/// How much of an answer such a caller takes before it reads.
const WINDOW: u32 = 65_535;

impl Caller {
    async fn connect(gate: &Gate) -> Self {
        Self::on(TcpStream::connect(gate.address).await.unwrap(), &format!("http://{}", gate.address)).await
    }

    /// On any kind of connection, for the host of `origin`.
    pub async fn on(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, origin: &str) -> Self {
        let builder = {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.initial_stream_window_size(WINDOW);
            builder
        };
        let (calls, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        Self { calls, connection: tasks, origin: origin.to_owned() }
    }

    fn request(&self, key: &TestKey, method: Method, path: &str, body: Outgoing) -> Request<Outgoing> {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header("authorization", key.bearer())
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    }

    pub async fn chat(&mut self, key: &TestKey, body: &str) -> Response<Incoming> {
        let body = Full::from(body.to_owned()).boxed_unsync();
        let request = self.request(key, Method::POST, "/v1/chat/completions", body);
        within(self.calls.send_request(request)).await.unwrap()
    }

    /// Waits until the connection has ended.
    async fn ended(&mut self) {
        let _ = within(self.connection.join_next()).await.unwrap().unwrap();
    }
}

async fn text(answer: Response<Incoming>) -> String {
    String::from_utf8(within(answer.into_body().collect()).await.unwrap().to_bytes().into()).unwrap()
}

async fn piece(answer: &mut Response<Incoming>) -> Option<hyper::Result<Bytes>> {
    loop {
        let frame = within(answer.body_mut().frame()).await?;
        // A stream may end with an empty frame of its own: it holds no piece.
        match frame.map(|frame| frame.into_data().unwrap()) {
            Ok(data) if data.is_empty() => {}
            piece => return Some(piece),
        }
    }
}

#[tokio::test]
async fn a_call_over_http_2_is_answered_like_any_other() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let mut caller = Caller::connect(&gate).await;
    let asked = async {
        let exchange = provider.next().await;
        assert_eq!(exchange.text(), CHAT);
        assert!(exchange.header("te").is_none());
        exchange.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(caller.chat(&key, CHAT), asked);
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
    assert_eq!(answer.headers()["content-length"], CHAT_ANSWER.len().to_string());
    assert!(!answer.headers().contains_key("connection"));
    assert_eq!(text(answer).await, CHAT_ANSWER);
    assert_eq!(gate.records().len(), 1);

    let stranger = TestKey { secret: gate.unknown_secret(), ..gate.key() };
    let refused = caller.chat(&stranger, CHAT).await;
    assert_eq!(refused.status(), 401);
    assert!(text(refused).await.contains("invalid_api_key"));
    let request = caller.request(&key, Method::GET, "/a?b=c", Full::default().boxed_unsync());
    let control = within(caller.calls.send_request(request)).await.unwrap();
    assert!(text(control).await.starts_with("control GET /a?b=c "));
}

#[tokio::test]
async fn an_answer_to_head_is_headers_alone() {
    let (gate, _provider, key) = Gate::with_provider().await;
    let mut caller = Caller::connect(&gate).await;
    for path in ["/v1/models", "/v1/nothing", "/a"] {
        let request = caller.request(&key, Method::HEAD, path, Full::default().boxed_unsync());
        let answer = within(caller.calls.send_request(request)).await.unwrap();
        assert!(answer.headers().contains_key("content-length"), "{path}");
        assert_eq!(text(answer).await, "", "{path}");
    }
}

#[tokio::test]
async fn a_stream_that_its_caller_cancels_ends_at_the_provider_and_the_others_go_on() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let mut caller = Caller::connect(&gate).await;
    let mut streams = Vec::new();
    for number in 0..2 {
        let begun = async {
            let mut exchange = provider.next().await;
            exchange.begin_stream().await;
            exchange.frame(&format!("data: {number}\n\n")).await;
            exchange
        };
        let (mut answer, exchange) = tokio::join!(caller.chat(&key, CHAT_STREAM), begun);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), format!("data: {number}\n\n"));
        streams.push((answer, exchange));
    }
    let (mut stays, mut goes_on) = streams.pop().unwrap();
    let (cancelled, mut hung_up_on) = streams.pop().unwrap();
    drop(cancelled);
    hung_up_on.closed().await;
    goes_on.frame("data: [DONE]\n\n").await;
    goes_on.end_stream().await;
    assert_eq!(piece(&mut stays).await.unwrap().unwrap(), "data: [DONE]\n\n");
    assert!(piece(&mut stays).await.is_none());
    assert_eq!(gate.records_when(2).await.len(), 2);
}

#[tokio::test]
async fn a_provider_that_breaks_off_breaks_one_stream_and_says_so_in_it() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let mut caller = Caller::connect(&gate).await;
    let begun = async {
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        exchange.frame("data: 1\n\n").await;
        exchange
    };
    let (mut answer, exchange) = tokio::join!(caller.chat(&key, CHAT_STREAM), begun);
    assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "data: 1\n\n");
    exchange.break_off();
    let told = piece(&mut answer).await.unwrap().unwrap();
    assert!(std::str::from_utf8(&told).unwrap().contains("provider_unreachable"), "{told:?}");
    assert!(piece(&mut answer).await.unwrap().is_err());
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(caller.chat(&key, CHAT).await.status(), 200);
}

#[tokio::test]
async fn a_caller_that_takes_nothing_of_one_answer_loses_that_one_alone() {
    let mut setup = Setup::default();
    setup.options.answer_idle = Duration::from_millis(300);
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    let mut caller = Caller::connect(&gate).await;
    let begun = async {
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        exchange
    };
    let (unread, mut exchange) = tokio::join!(caller.chat(&key, CHAT_STREAM), begun);
    let event = format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(64 << 10));
    let taken = exchange.taken_until_closed(&event, 1 << 30).await;
    assert!(taken < 64 << 20, "{taken} bytes were taken in for a caller that reads nothing");
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(text(caller.chat(&key, CHAT).await).await, CHAT_ANSWER);
    drop(unread);
}

#[tokio::test]
async fn bodies_are_bounded_as_they_are_elsewhere() {
    let mut setup = Setup::default();
    setup.options.body_limit = 100_000;
    setup.options.body_idle = Duration::from_millis(200);
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key();
    let mut caller = Caller::connect(&gate).await;
    let large = caller.chat(&key, &format!("{CHAT}{}", " ".repeat(100_000))).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let (pieces, coming) = mpsc::unbounded_channel::<Bytes>();
    let body = StreamBody::new(futures_util::stream::unfold(coming, |mut coming| async move {
        coming.recv().await.map(|piece| (Ok(Frame::data(piece)), coming))
    }));
    pieces.send(Bytes::from_static(b"{")).unwrap();
    let request = caller.request(&key, Method::POST, "/v1/chat/completions", body.boxed_unsync());
    let answer = within(caller.calls.send_request(request)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(caller.chat(&key, &format!("{CHAT}{}", " ".repeat(90_000))).await.status(), 200);
    drop(pieces);
}

#[tokio::test]
async fn draining_lets_streams_finish_and_ends_the_connection() {
    let (mut gate, mut provider, key) = Gate::with_provider().await;
    let (mut caller, mut idle) = (Caller::connect(&gate).await, Caller::connect(&gate).await);
    let begun = async {
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        exchange
    };
    let (mut answer, mut exchange) = tokio::join!(caller.chat(&key, CHAT_STREAM), begun);
    gate.shutdown();
    idle.ended().await;
    exchange.frame("data: [DONE]\n\n").await;
    exchange.end_stream().await;
    assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "data: [DONE]\n\n");
    assert!(piece(&mut answer).await.is_none());
    drop(answer);
    caller.ended().await;
    gate.join().await;
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn what_outlasts_the_draining_is_cut_in_http_2_too() {
    let mut setup = Setup::default();
    setup.options.drain = Duration::from_millis(50);
    let mut gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    let mut caller = Caller::connect(&gate).await;
    let begun = async {
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        exchange
    };
    let (mut answer, mut exchange) = tokio::join!(caller.chat(&key, CHAT_STREAM), begun);
    gate.join().await;
    exchange.closed().await;
    assert!(piece(&mut answer).await.unwrap().is_err());
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn a_preface_in_pieces_is_understood_and_nonsense_after_it_ends_the_connection() {
    let gate = Gate::start();
    let mut stream = TcpStream::connect(gate.address).await.unwrap();
    for piece in ["P", "R", "I", " * HTTP/2.0\r\n\r\n", "SM\r\n\r\n"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    let mut frame = [0; 9];
    within(stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame is the server's settings");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n".repeat(10).as_slice()).await.unwrap();
    let mut rest = Vec::new();
    let _ = within(stream.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn a_flood_of_calls_that_are_taken_back_at_once_ends_the_connection() {
    let gate = Gate::start();
    let mut stream = TcpStream::connect(gate.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // GET / of http://a, each followed by its reset.
    let block = [0x82, 0x84, 0x86, 0x41, 0x01, b'a'];
    let mut flood = Vec::new();
    for stream in (1_u32..).step_by(2).take(20_000) {
        flood.extend([0, 0, u8::try_from(block.len()).unwrap(), 1, 5]);
        flood.extend(stream.to_be_bytes());
        flood.extend(block);
        flood.extend([0, 0, 4, 3, 0]);
        flood.extend(stream.to_be_bytes());
        flood.extend(8_u32.to_be_bytes());
    }
    let _ = within(stream.write_all(&flood)).await;
    let mut rest = Vec::new();
    let _ = within(stream.read_to_end(&mut rest)).await;
    // Others are served as before.
    assert_eq!(gate.connect().await.get("/healthz", &[]).await.status, 200);
}
