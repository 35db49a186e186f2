//! A scripted OpenAI-compatible provider that costs next to nothing, so that
//! what is measured is the gateway in front of it. It doesn't check anything:
//! our own load is its only caller.

use crate::script;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::MissedTickBehavior;
use tokio_util::task::TaskTracker;

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

/// Every answer, ready to be written.
struct Answers {
    whole: Bytes,
    models: Bytes,
    not_found: Bytes,
    /// One chunk for each event of a stream; the last one ends the body, too.
    frames: Vec<Bytes>,
    /// A stream from head to end.
    burst: Bytes,
}

/// What a request asks for, and how long it is.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    length: usize,
    answer: Answer,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Whole,
    Burst,
    Paced,
    Models,
    NotFound,
}

/// Serves until the process ends.
pub async fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("can't listen on {listen}"))?;
    let answers = Arc::new(Answers::new());
    let connections = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answers = Arc::clone(&answers);
        connections.spawn(async move {
            // A gateway that hangs up is its own matter; the load sees it.
            if let Err(error) = converse(stream, &answers).await {
                eprintln!("provider: {error:#}");
            }
        });
    }
}

impl Answers {
    fn new() -> Self {
        let mut frames: Vec<Bytes> = script::stream_events().iter().map(|event| script::chunked(event)).collect();
        if let Some(last) = frames.pop() {
            frames.push([&last[..], b"0\r\n\r\n"].concat().into());
        }
        Self {
            whole: with_length("200 OK", &script::answer_body()),
            models: with_length("200 OK", &script::models_body()),
            not_found: with_length(
                "404 Not Found",
                r#"{"error":{"message":"Unknown URL","type":"invalid_request_error","param":null,"code":"unknown_url"}}"#,
            ),
            burst: [STREAM_HEAD, &frames.concat()].concat().into(),
            frames,
        }
    }
}

fn with_length(status: &str, body: &str) -> Bytes {
    Bytes::from(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

async fn converse(mut stream: TcpStream, answers: &Answers) -> Result<()> {
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let Some(request) = parse(&buffer)? else {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return Ok(());
            }
            continue;
        };
        buffer.drain(..request.length);
        let written = match request.answer {
            Answer::Whole => stream.write_all(&answers.whole).await,
            Answer::Models => stream.write_all(&answers.models).await,
            Answer::NotFound => stream.write_all(&answers.not_found).await,
            Answer::Burst => stream.write_all(&answers.burst).await,
            Answer::Paced => paced(&mut stream, answers).await,
        };
        if written.is_err() {
            return Ok(());
        }
    }
}

async fn paced(stream: &mut TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut pace = tokio::time::interval(script::PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream.write_all(STREAM_HEAD).await?;
    for frame in &answers.frames {
        pace.tick().await;
        stream.write_all(frame).await?;
    }
    Ok(())
}

/// The request at the start of `buffer`, or `None` while it isn't complete.
fn parse(buffer: &[u8]) -> Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(buffer)? else {
        return Ok(None);
    };
    let mut body_length = 0;
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            body_length = std::str::from_utf8(header.value)?.parse()?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a gateway sent a chunked request; it had a length when it left the load");
        }
    }
    let Some(body) = buffer.get(head..head + body_length) else {
        return Ok(None);
    };
    let answer = match (request.method, request.path) {
        (Some("GET"), Some("/v1/models")) => Answer::Models,
        (Some("POST"), Some("/v1/chat/completions")) => {
            ensure!(body.len() == script::REQUEST_BYTES, "a gateway changed the request: {} bytes", body.len());
            chat_answer(body)
        }
        _ => Answer::NotFound,
    };
    Ok(Some(Request { length: head + body_length, answer }))
}

fn chat_answer(body: &[u8]) -> Answer {
    let holds = |needle: &str| memchr::memmem::find(body, needle.as_bytes()).is_some();
    if !holds(r#""stream":true"#) {
        Answer::Whole
    } else if holds(r#""model":"paced""#) {
        Answer::Paced
    } else {
        Answer::Burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Work;

    #[test]
    fn the_loads_requests_get_the_answer_they_ask_for() -> Result<()> {
        for (work, answer) in [(Work::Call, Answer::Whole), (Work::Burst, Answer::Burst), (Work::Paced, Answer::Paced)]
        {
            let bytes = script::request(work, "127.0.0.1:1", "sk-test");
            assert_eq!(parse(&bytes)?, Some(Request { length: bytes.len(), answer }));
            assert_eq!(parse(&bytes[..bytes.len() - 1])?, None);
        }
        Ok(())
    }

    #[test]
    fn a_changed_request_is_noticed() {
        assert!(parse(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").is_err());
        assert!(parse(b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn other_paths_are_answered_too() -> Result<()> {
        let answer =
            |text: &str| -> Result<Option<Answer>> { Ok(parse(text.as_bytes())?.map(|request| request.answer)) };
        assert_eq!(answer("GET /v1/models HTTP/1.1\r\n\r\n")?, Some(Answer::Models));
        assert_eq!(answer("GET /else HTTP/1.1\r\n\r\n")?, Some(Answer::NotFound));
        Ok(())
    }
}
