//! The built-in provider's streams: a word at a time, in each dialect's events.

use std::{future::poll_fn, task::Poll, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use keyward_domain::provider::Provider;
use keyward_provider::{Operation, Target, sse::Splitter, tap::ResponseTap};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{demo::ask, support::upstream_with};

const OPERATIONS: [Operation; 4] =
    [Operation::ChatCompletions, Operation::Completions, Operation::Responses, Operation::Messages];

/// A streamed call that says `prompt`, with `limit` where that operation has it.
fn body(operation: Operation, prompt: &str, limit: u64) -> Value {
    let messages = json!([{"role": "user", "content": prompt}]);
    match operation {
        Operation::ChatCompletions => {
            json!({"model": "demo-small", "stream": true, "messages": messages, "max_completion_tokens": limit})
        }
        Operation::Completions => json!({"model": "demo-small", "stream": true, "prompt": prompt, "max_tokens": limit}),
        Operation::Responses => {
            json!({"model": "demo-small", "stream": true, "input": prompt, "max_output_tokens": limit})
        }
        Operation::Messages => {
            json!({"model": "demo-small", "stream": true, "messages": messages, "max_tokens": limit})
        }
        other => unreachable!("{other:?} doesn't stream words"),
    }
}

/// The pieces of a stream.
async fn pieces(operation: Operation, body: &Value) -> Vec<Bytes> {
    let mut answer = ask(operation, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(answer.body.exact_length(), None);
    let mut pieces = Vec::new();
    while let Some(piece) = answer.body.next().await {
        pieces.push(piece.unwrap());
    }
    assert!(answer.body.is_complete() && !answer.body.ends_by_close());
    pieces
}

/// Name and data of every event; a `[DONE]` has no data.
fn events(pieces: &[Bytes]) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    Splitter::default().push(&pieces.concat(), |event| {
        let name = String::from_utf8(event.name.to_vec()).unwrap();
        events.push((name, serde_json::from_slice(&event.data).unwrap_or(Value::Null)));
    });
    events
}

#[tokio::test]
async fn every_dialect_streams_word_by_word_and_says_its_end_and_use() {
    for operation in OPERATIONS {
        for (limit, words) in [(100, 5), (3, 3)] {
            let mut body = body(operation, "count to 5", limit);
            body["stream_options"] = json!({"include_usage": true});
            let pieces = pieces(operation, &body).await;
            assert_eq!(pieces.len(), words + 1, "{operation:?}");
            let mut tap = ResponseTap::new(operation, true, false);
            for piece in &pieces {
                assert!(!tap.has_ended());
                tap.take(piece.clone());
                assert!(tap.is_between_events());
            }
            assert!(tap.has_ended());
            let outcome = tap.end();
            let usage = outcome.usage.unwrap();
            assert_eq!((usage.input_tokens, usage.output_tokens, outcome.clean), (3, words as u64, true));
        }
    }
}

#[tokio::test]
async fn completions_report_their_use_only_when_asked() {
    for operation in [Operation::ChatCompletions, Operation::Completions] {
        let mut body = body(operation, "Hello", 100);
        assert!(!format!("{:?}", pieces(operation, &body).await).contains("usage"));
        body["stream_options"] = json!({"include_usage": true});
        let asked = pieces(operation, &body).await;
        let [.., (_, usage), (_, done)] = &events(&asked)[..] else { panic!("{asked:?}") };
        assert_eq!((&usage["choices"], done), (&json!([]), &Value::Null));
        assert_eq!(usage["usage"]["completion_tokens"], 4);
    }
}

#[tokio::test]
async fn a_frame_of_usage_that_was_added_leaves_no_trace() {
    for operation in [Operation::ChatCompletions, Operation::Completions] {
        let mut body = body(operation, "Hello", 100);
        body["stream_options"] = json!({"include_usage": true});
        let asked = pieces(operation, &body).await;
        let mut tap = ResponseTap::new(operation, true, true);
        let forwarded: Vec<Bytes> = asked.iter().map(|piece| tap.take(piece.clone())).collect();
        let text = String::from_utf8(asked.concat()).unwrap();
        let expected: String =
            text.split_inclusive("\n\n").filter(|event| !event.contains("\"choices\":[],")).collect();
        assert_eq!(forwarded.concat(), expected.as_bytes());
        assert_eq!(tap.end().usage.unwrap().output_tokens, 4);
    }
}

#[tokio::test]
async fn the_events_of_responses_are_complete_and_numbered() {
    let events = events(&pieces(Operation::Responses, &body(Operation::Responses, "Hello", 3)).await);
    let names: Vec<&str> = events.iter().map(|(name, _)| &name["response.".len()..]).collect();
    assert_eq!(
        names,
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "incomplete"
        ]
    );
    for (index, (name, data)) in events.iter().enumerate() {
        assert_eq!((data["type"].as_str(), data["sequence_number"].as_u64()), (Some(&**name), Some(index as u64)));
    }
    assert_eq!(events[7].1["text"], "You said:");
    assert_eq!(events[10].1["response"]["output"][0]["content"][0]["text"], "You said:");
    assert_eq!(events[10].1["response"]["incomplete_details"]["reason"], "max_output_tokens");
}

#[tokio::test]
async fn the_events_of_messages_are_complete() {
    let events = events(&pieces(Operation::Messages, &body(Operation::Messages, "Hi", 2)).await);
    let names: Vec<&str> = events.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert!(events.iter().all(|(name, data)| data["type"] == **name));
    assert_eq!(events[6].1["delta"]["stop_reason"], "max_tokens");
}

/// Time stands still and jumps ahead when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn words_are_paced_and_giving_up_waiting_loses_none() {
    let upstream = upstream_with(false, Duration::from_millis(10));
    let target = Target::new(Provider::Demo, None, None).unwrap();
    let body = body(Operation::ChatCompletions, "count to 4", 100).to_string();
    let started = Instant::now();
    let mut answer = upstream
        .send(&target, Operation::ChatCompletions, None, &HeaderMap::new(), body.into(), &Default::default())
        .await
        .unwrap();
    let mut pieces = vec![answer.body.next().await.unwrap().unwrap()];
    while !answer.body.is_complete() {
        let waits = poll_fn(|cx| Poll::Ready(answer.body.poll_next(cx).is_pending())).await;
        assert!(waits);
        pieces.push(answer.body.next().await.unwrap().unwrap());
    }
    assert_eq!(started.elapsed(), Duration::from_millis(40), "four words, then the end");
    let said: String =
        events(&pieces).iter().filter_map(|(_, data)| data["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "1 2 3 4");
}
