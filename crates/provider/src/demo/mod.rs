//! The built-in provider: answers without network, cost or chance, in the
//! shapes of OpenAI and Anthropic, so that everything around a model can be
//! tried, shown and tested. It echoes what it is asked, counts when asked to
//! (`count to 500`), and streams word by word.
//!
//! It reads and writes bytes like any provider: nothing in Keyward may treat
//! it differently, except that its calls never leave the process.

mod body;
mod chat;
mod completions;
mod embeddings;
mod images;
mod media;
mod messages;
mod moderations;
mod refusal;
mod reply;
mod request;
mod rerank;
mod responses;
mod speech;
mod words;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use keyward_domain::{Clock, provider::Dialect};
use serde_json::{Value, json};

pub use self::body::DemoBody;
use self::{
    refusal::Refusal,
    reply::{End, Reply},
    request::{Ask, Request},
};
use crate::{Operation, UpstreamBody, UpstreamResponse};

/// Its models. The two that chat differ in name only; each of the others does
/// what its name says.
pub const MODELS: [&str; 7] =
    ["demo-small", "demo-large", "demo-embedding", "demo-moderation", "demo-image", "demo-speech", "demo-rerank"];

/// Between two words of a stream.
const PACE: Duration = Duration::from_millis(10);

/// The built-in provider.
#[derive(Clone)]
pub struct Demo {
    clock: Arc<dyn Clock>,
    pace: Duration,
}

/// What every answer to one call repeats.
struct Call {
    /// Differs with the request's bytes and nothing else.
    id: String,
    /// Unix seconds.
    created: i64,
    model: String,
    input_tokens: u64,
    /// Whether a stream was asked to report its use.
    include_usage: bool,
}

/// Reads one kind of call.
type Read = fn(&Request) -> Result<Ask, Refusal>;
/// Makes what answers it.
type Make = fn(Call) -> Box<dyn Shape>;

/// How one kind of call is answered.
trait Shape: Send {
    /// All at once.
    fn whole(&self, text: &str, end: End) -> Value;
    /// What comes before the first word of a stream.
    fn head(&mut self) -> String;
    /// One word, with the blank before it.
    fn word(&mut self, word: &str) -> String;
    /// What comes after the last word.
    fn tail(&mut self, end: End) -> String;
}

impl Demo {
    /// Answers carry the time of this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_pace(clock, PACE)
    }

    /// The same with another pause between two words (none if zero); for tests.
    pub fn with_pace(clock: Arc<dyn Clock>, pace: Duration) -> Self {
        Self { clock, pace }
    }

    /// Answers one call, as a provider would.
    pub fn answer(&self, operation: Operation, body: &[u8]) -> UpstreamResponse {
        self.try_answer(operation, body).unwrap_or_else(|refusal| {
            json_response(refusal.status, DemoBody::whole(&refusal.body(operation.dialect())))
        })
    }

    /// Answers what is asked about files, batches and stored responses.
    pub fn keeps_nothing() -> UpstreamResponse {
        let refusal = Refusal::keeps_nothing();
        json_response(refusal.status, DemoBody::whole(&refusal.body(Dialect::OpenAi)))
    }

    fn try_answer(&self, operation: Operation, body: &[u8]) -> Result<UpstreamResponse, Refusal> {
        if operation.takes_form() {
            return Err(Refusal::no_files());
        }
        let request = Request::parse(body)?;
        let (read, make): (Read, Make) = match operation {
            // Refused above.
            Operation::ImageEdits
            | Operation::ImageVariations
            | Operation::Transcriptions
            | Operation::Translations => return Err(Refusal::no_files()),
            Operation::Embeddings => return Ok(ok_json(&embeddings::answer(&request)?)),
            Operation::Moderations => return Ok(ok_json(&moderations::answer(&request, &fingerprint(body))?)),
            Operation::ImageGenerations => {
                return Ok(ok_json(&images::answer(&request, self.clock.now().as_second())?));
            }
            Operation::Speech => {
                let (content_type, sound) = speech::answer(&request)?;
                return Ok(response(StatusCode::OK, content_type, DemoBody::bytes(sound)));
            }
            Operation::Rerank => return Ok(ok_json(&rerank::answer(&request, &fingerprint(body))?)),
            Operation::CountTokens => {
                request.model(&["demo-small", "demo-large"])?;
                let ask = request.conversation("messages", request.get("system"), None)?;
                return Ok(ok_json(&json!({"input_tokens": ask.input_tokens})));
            }
            Operation::ChatCompletions => (chat::read, |call| Box::new(chat::Chat(call))),
            Operation::Completions => (completions::read, |call| Box::new(completions::Completion(call))),
            Operation::Responses => (responses::read, |call| Box::new(responses::Responses::new(call))),
            Operation::Messages => (messages::read, |call| Box::new(messages::Messages(call))),
        };
        let model = request.model(&["demo-small", "demo-large"])?;
        let ask = read(&request)?;
        let call = Call {
            id: fingerprint(body),
            created: self.clock.now().as_second(),
            model: model.to_owned(),
            input_tokens: ask.input_tokens,
            include_usage: request.includes_usage(),
        };
        let shape = make(call);
        let reply = Reply::new(&ask.text, ask.limit);
        if request.flag("stream")? {
            return Ok(response(
                StatusCode::OK,
                "text/event-stream; charset=utf-8",
                DemoBody::stream(shape, reply, self.pace),
            ));
        }
        let end = reply.end();
        let text: String = reply.collect();
        Ok(json_response(StatusCode::OK, DemoBody::whole(&shape.whole(&text, end))))
    }
}

fn ok_json(answer: &Value) -> UpstreamResponse {
    json_response(StatusCode::OK, DemoBody::whole(answer))
}

fn json_response(status: StatusCode, body: DemoBody) -> UpstreamResponse {
    response(status, "application/json", body)
}

fn response(status: StatusCode, content_type: &'static str, body: DemoBody) -> UpstreamResponse {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    UpstreamResponse { status, headers, body: UpstreamBody::Demo(body) }
}

/// One event of a stream.
fn event(name: Option<&str>, data: &Value) -> String {
    let mut event = String::new();
    if let Some(name) = name {
        // Writing to a String can't fail.
        let _ = writeln!(event, "event: {name}");
    }
    let _ = write!(event, "data: {data}\n\n");
    event
}

/// 64-bit FNV-1a: the same call has the same id, and that is all it is for.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn fingerprint(bytes: &[u8]) -> String {
    format!("demo{:016x}", fnv(bytes))
}
