//! What load and provider have agreed on: the 600-byte request, the 700-byte
//! answer and the stream of 23 frames. Both sides are built from here, so a
//! gateway that loses or changes a byte is noticed.

use bytes::Bytes;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bytes of a request's body.
pub const REQUEST_BYTES: usize = 600;
/// Bytes of a whole answer's body.
pub const ANSWER_BYTES: usize = 700;
/// Content frames of a stream; a usage frame and `[DONE]` follow.
pub const CONTENT_FRAMES: usize = 23;
/// Events that a caller must see: the content, the usage and `[DONE]`.
pub const STREAM_EVENTS: u64 = CONTENT_FRAMES as u64 + 2;
/// Time between two frames of a paced stream.
pub const PACE: Duration = Duration::from_millis(5);
/// The model whose streams are paced.
pub const PACED_MODEL: &str = "paced";
/// The model whose streams are written at once.
pub const BURST_MODEL: &str = "burst";

/// One kind of work that is put on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// A whole answer.
    Call,
    /// A stream that the provider writes at once, as a cached or very fast
    /// answer is.
    Burst,
    /// A stream, a frame every 5 ms.
    Paced,
}

impl Work {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Burst => "burst",
            Self::Paced => "paced",
        }
    }
}

/// The request's body, padded to [`REQUEST_BYTES`].
pub fn request_body(work: Work) -> String {
    let model = if work == Work::Paced { PACED_MODEL } else { BURST_MODEL };
    let stream = if work == Work::Call { "" } else { r#""stream":true,"stream_options":{"include_usage":true},"# };
    let open = format!(r#"{{"model":"{model}",{stream}"max_tokens":64,"messages":[{{"role":"user","content":""#);
    padded(&open, r#""}]}"#, REQUEST_BYTES)
}

/// The whole request as it goes over the wire.
pub fn request(work: Work, authority: &str, key: &str) -> Vec<u8> {
    let body = request_body(work);
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\naccept: application/json\r\nuser-agent: keyward-bench\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The whole answer's body, padded to [`ANSWER_BYTES`].
pub fn answer_body() -> String {
    padded(
        r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":""#,
        r#""}}],"usage":{"prompt_tokens":120,"completion_tokens":23,"total_tokens":143}}"#,
        ANSWER_BYTES,
    )
}

/// The list of models, as a gateway may ask for it to route by name.
pub fn models_body() -> String {
    let model = |id| format!(r#"{{"id":"{id}","object":"model","created":1700000000,"owned_by":"bench"}}"#);
    format!(r#"{{"object":"list","data":[{},{}]}}"#, model(BURST_MODEL), model(PACED_MODEL))
}

/// The events of a stream, each with its blank line, `[DONE]` last.
pub fn stream_events() -> Vec<String> {
    let chunk = |choices: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
             \"model\":\"bench\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
    };
    let mut events: Vec<String> = (1..=CONTENT_FRAMES)
        .map(|n| {
            let finish = if n == CONTENT_FRAMES { "\"stop\"" } else { "null" };
            let delta = format!(r#"{{"index":0,"delta":{{"content":" word{n:02}"}},"finish_reason":{finish}}}"#);
            chunk(&delta, "null")
        })
        .collect();
    events.push(chunk("", r#"{"prompt_tokens":120,"completion_tokens":23,"total_tokens":143}"#));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// `data` as one HTTP chunk.
pub fn chunked(data: &str) -> Bytes {
    Bytes::from(format!("{:x}\r\n{data}\r\n", data.len()))
}

fn padded(open: &str, close: &str, length: usize) -> String {
    let fill = length.saturating_sub(open.len() + close.len());
    format!("{open}{}{close}", "abcdefghi ".repeat(fill / 10 + 1).split_at(fill).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_have_the_agreed_size_and_are_json() -> anyhow::Result<()> {
        for work in [Work::Call, Work::Burst, Work::Paced] {
            let body = request_body(work);
            assert_eq!(body.len(), REQUEST_BYTES);
            let value: serde_json::Value = serde_json::from_str(&body)?;
            assert_eq!(value["stream"].as_bool().unwrap_or(false), work != Work::Call);
        }
        assert_eq!(answer_body().len(), ANSWER_BYTES);
        let answer: serde_json::Value = serde_json::from_str(&answer_body())?;
        assert_eq!(answer["usage"]["total_tokens"], 143);
        serde_json::from_str::<serde_json::Value>(&models_body())?;
        Ok(())
    }

    #[test]
    fn a_stream_ends_with_usage_and_done() -> anyhow::Result<()> {
        let events = stream_events();
        assert_eq!(events.len() as u64, STREAM_EVENTS);
        let usage: serde_json::Value =
            serde_json::from_str(events[CONTENT_FRAMES].trim().trim_start_matches("data: "))?;
        assert_eq!(usage["usage"]["completion_tokens"], 23);
        assert_eq!(events[CONTENT_FRAMES + 1], "data: [DONE]\n\n");
        Ok(())
    }
}
