//! A provider that answers what a test tells it, in OpenAI's shapes and
//! Anthropic's, and remembers what it was asked.

use std::{collections::VecDeque, convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// What to answer to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body's type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string().into() }
    }

    fn events(events: &[(Option<&str>, Value)]) -> String {
        let event = |(name, data): &(Option<&str>, Value)| {
            let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
            format!("{name}data: {data}\n\n")
        };
        events.iter().map(event).collect()
    }

    fn stream(body: String) -> Self {
        Self { status: 200, content_type: "text/event-stream", body: body.into() }
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A provider on the loopback; it is gone when this is dropped.
pub struct Provider {
    address: SocketAddr,
    book: Arc<Book>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Book {
    told: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
}

impl Provider {
    /// Starts one that lists the model `gpt-test` and answers every call well.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let book = Arc::new(Book::default());
        let mut serving = JoinSet::new();
        let shared = book.clone();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let book = shared.clone();
                let service = service_fn(move |request| answer(book.clone(), request));
                connections.spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, book, _serving: serving }
    }

    /// Its base URL in OpenAI's style, with `/v1`.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Its base URL in Anthropic's style, without.
    pub fn anthropic_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next request that isn't told about yet like this.
    pub fn tell(&self, reply: Reply) {
        self.book.told.lock().push_back(reply);
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.book.seen.lock().clone()
    }
}

async fn answer(book: Arc<Book>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let reply = book.told.lock().pop_front().unwrap_or_else(|| usual(head.uri.path(), &body));
    let path = head.uri.path().to_owned();
    book.seen.lock().push(Seen { method: head.method, path, headers: head.headers, body });
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    response.headers_mut().insert("content-type", reply.content_type.parse().unwrap());
    Ok(response)
}

/// What a provider in good health answers: two words, for 7 tokens read and 2
/// written.
fn usual(path: &str, body: &[u8]) -> Reply {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let (model, streams) = (&asked["model"], asked["stream"] == true);
    let openai_usage = json!({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9});
    match path {
        "/v1/models" => Reply::json(200, &json!({"object": "list", "data": [{"id": "gpt-test", "object": "model"}]})),
        "/v1/chat/completions" if streams => {
            let chunk = |delta: Value| json!({"id": "c", "object": "chat.completion.chunk", "model": model, "choices": [{"index": 0, "delta": delta}]});
            let usage = json!({"id": "c", "object": "chat.completion.chunk", "model": model, "choices": [], "usage": openai_usage});
            let words =
                [(None, chunk(json!({"content": "Hello "}))), (None, chunk(json!({"content": "you"}))), (None, usage)];
            Reply::stream(Reply::events(&words) + "data: [DONE]\n\n")
        }
        "/v1/chat/completions" => Reply::json(
            200,
            &json!({"id": "c", "object": "chat.completion", "model": model, "usage": openai_usage,
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello you"}}]}),
        ),
        "/v1/messages" if streams => Reply::stream(Reply::events(&[
            (
                Some("message_start"),
                json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": model, "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}}),
            ),
            (
                Some("content_block_delta"),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello you"}}),
            ),
            (
                Some("message_delta"),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
            ),
            (Some("message_stop"), json!({"type": "message_stop"})),
        ])),
        "/v1/messages" => Reply::json(
            200,
            &json!({"id": "m", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "Hello you"}], "usage": {"input_tokens": 7, "output_tokens": 2}}),
        ),
        _ => Reply::json(
            404,
            &json!({"error": {"message": "There is nothing here.", "type": "invalid_request_error", "param": null, "code": null}}),
        ),
    }
}
