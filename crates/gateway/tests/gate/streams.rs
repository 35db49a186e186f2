//! Streams: frame by frame, their use read on the way, never a clean end that
//! the provider didn't give.

use crate::support::{CHAT_STREAM, Client, Exchange, Gate, TestKey, TestProvider};

const FIRST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// A stream that has begun on both sides.
pub async fn begun(
    gate: &Gate,
    provider: &mut TestProvider,
    key: &TestKey,
    path: &str,
    body: &str,
) -> (Client, Exchange) {
    let mut client = gate.connect().await;
    client.send(Client::request("POST", path, &[("authorization", &key.bearer())], body)).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    let (status, headers) = client.head().await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/event-stream".parse().unwrap()));
    assert!(!headers.contains_key("content-length"));
    (client, exchange)
}

fn text(chunk: Result<Option<Vec<u8>>, ()>) -> String {
    String::from_utf8(chunk.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn each_frame_arrives_before_the_next_is_sent() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/chat/completions", CHAT_STREAM).await;
    for n in 0..5 {
        let frame = format!("data: {{\"n\":{n}}}\n\n");
        exchange.frame(&frame).await;
        assert_eq!(text(client.chunk().await), frame);
    }
    exchange.frame(DONE).await;
    assert_eq!(text(client.chunk().await), DONE);
    exchange.end_stream().await;
    assert_eq!(client.chunk().await, Ok(None));
}

#[tokio::test]
async fn usage_is_asked_for_and_the_added_frame_taken_out() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/chat/completions", CHAT_STREAM).await;
    assert_eq!(
        exchange.text(),
        r#"{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true,"messages":[]}"#
    );
    for frame in [FIRST, USAGE, DONE] {
        exchange.frame(frame).await;
    }
    exchange.end_stream().await;
    let mut all = String::new();
    while let Some(chunk) = client.chunk().await.unwrap() {
        all += std::str::from_utf8(&chunk).unwrap();
    }
    assert_eq!(all, [FIRST, DONE].concat());
    let records = gate.records();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].input_tokens, records[0].output_tokens, records[0].requests), (11, 7, 1));
}

#[tokio::test]
async fn a_usage_frame_that_the_caller_asked_for_stays() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/completions", body).await;
    assert_eq!(exchange.text(), body);
    exchange.frame(&[USAGE, DONE].concat()).await;
    exchange.end_stream().await;
    assert_eq!(text(client.chunk().await), [USAGE, DONE].concat());
    assert_eq!(client.chunk().await, Ok(None));
}

#[tokio::test]
async fn what_the_caller_has_seen_complete_is_in_the_journal_before_the_body_ends() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/chat/completions", CHAT_STREAM).await;
    exchange.frame(FIRST).await;
    assert_eq!(text(client.chunk().await), FIRST);
    assert_eq!(gate.records(), []);
    exchange.frame(&[USAGE, DONE].concat()).await;
    assert_eq!(text(client.chunk().await), DONE);
    let records = gate.records();
    assert_eq!((records.len(), records[0].output_tokens), (1, 7));
    // The provider never ends its body: the call is over all the same.
    exchange.break_off();
    assert_eq!(client.chunk().await, Ok(None));
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn responses_and_messages_report_their_use() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let body = r#"{"model":"m","stream":true}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/responses", body).await;
    assert_eq!(exchange.text(), body);
    let end = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":\
               {\"input_tokens\":5,\"output_tokens\":6}}}\n\n";
    exchange.frame(end).await;
    assert_eq!(text(client.chunk().await), end);
    exchange.end_stream().await;
    assert_eq!(client.chunk().await, Ok(None));
    let record = gate.records()[0];
    assert_eq!((record.input_tokens, record.output_tokens), (5, 6));

    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/messages", body).await;
    assert_eq!(exchange.text(), body);
    let frames = "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n\
                  event: message_delta\ndata: {\"usage\":{\"output_tokens\":4}}\n\n\
                  event: message_stop\ndata: {}\n\n";
    exchange.frame(frames).await;
    assert_eq!(text(client.chunk().await), frames);
    exchange.end_stream().await;
    assert_eq!(client.chunk().await, Ok(None));
    let record = gate.records()[0];
    assert_eq!((record.input_tokens, record.output_tokens), (9, 4));
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_error_and_never_cleanly() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/chat/completions", CHAT_STREAM).await;
    exchange.frame(FIRST).await;
    assert_eq!(text(client.chunk().await), FIRST);
    exchange.break_off();
    let error = text(client.chunk().await);
    assert!(error.starts_with("data: {\"error\":") && error.contains("provider_unreachable"), "{error}");
    assert_eq!(client.chunk().await, Err(()));
    let records = gate.records();
    assert_eq!((records.len(), records[0].requests, records[0].sent), (1, 1, true));
}

#[tokio::test]
async fn garbage_in_the_framing_breaks_the_stream() {
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let body = r#"{"model":"m","stream":true}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/messages", body).await;
    exchange.frame("event: ping\ndata: {}\n\n").await;
    text(client.chunk().await);
    exchange.send("zz\r\n").await;
    let error = text(client.chunk().await);
    assert!(error.starts_with("event: error\ndata: {") && error.contains("\"type\":\"error\""), "{error}");
    assert_eq!(client.chunk().await, Err(()));
    exchange.closed().await;
}

#[tokio::test]
async fn a_stream_cut_within_an_event_breaks_without_another_word() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/chat/completions", body).await;
    exchange.frame("data: {\"cho").await;
    assert_eq!(text(client.chunk().await), "data: {\"cho");
    exchange.break_off();
    assert_eq!(client.chunk().await, Err(()));
}

#[tokio::test]
async fn a_hang_up_reaches_the_provider_and_what_came_is_recorded() {
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let body = r#"{"model":"m","stream":true}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/messages", body).await;
    exchange
        .frame("event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n")
        .await;
    text(client.chunk().await);
    client.hang_up();
    exchange.closed().await;
    let records = gate.records_when(1).await;
    assert_eq!((records[0].input_tokens, records[0].requests), (9, 1));
}

#[tokio::test]
async fn a_hang_up_before_the_answer_reaches_the_provider_too() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let mut client = gate.connect().await;
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM);
    client.send(request).await;
    let mut exchange = provider.next().await;
    client.hang_up();
    exchange.closed().await;
    let records = gate.records_when(1).await;
    assert_eq!((records.len(), records[0].requests, records[0].sent), (1, 1, true));
}
