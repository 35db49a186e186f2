//! Calls whose provider doesn't say what they used: counted by their text, and
//! marked.

use keyward_domain::provider::Provider;
use keyward_telemetry::journal::UsageRecord;

use crate::{
    streams::begun,
    support::{Gate, TestKey, TestProvider},
};

/// Four tokens and three around the message.
const ASKED: &str = r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"How are you?"}]}"#;
const JSON: &str = "content-type: application/json\r\n";
const CHAT: &str = "/v1/chat/completions";

async fn of_openai() -> (Gate, TestProvider, TestKey) {
    let (gate, provider, key) = Gate::with_provider().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    (gate, provider, key)
}

fn known(record: &UsageRecord) -> (u64, u64, Option<i64>, bool) {
    (record.input_tokens, record.output_tokens, record.cost_nanos, record.estimated)
}

#[tokio::test]
async fn what_came_before_a_hang_up_is_counted_and_priced() {
    let (gate, mut provider, key) = of_openai().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, CHAT, ASKED).await;
    for word in ["Hello", ", world", "!"] {
        let frame = format!(r#"{{"choices":[{{"delta":{{"content":"{word}"}}}}]}}"#);
        exchange.frame(&format!("data: {frame}\n\n")).await;
        client.chunk().await.unwrap();
    }
    client.hang_up();
    exchange.closed().await;
    // 7 at 0.15 and 4 at 0.60 dollars for a million.
    assert_eq!(known(&gate.records_when(1).await[0]), (7, 4, Some(1_050 + 2_400), true));
}

#[tokio::test]
async fn a_hang_up_before_any_text_has_no_known_cost() {
    let (gate, mut provider, key) = of_openai().await;
    let (client, mut exchange) = begun(&gate, &mut provider, &key, CHAT, ASKED).await;
    client.hang_up();
    exchange.closed().await;
    assert_eq!(known(&gate.records_when(1).await[0]), (0, 0, None, false));
}

#[tokio::test]
async fn a_provider_that_says_only_what_was_read_is_believed_in_that() {
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let body = r#"{"model":"m","stream":true,"messages":[]}"#;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key, "/v1/messages", body).await;
    for frame in [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":900,"output_tokens":1}}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hello, world!"}}"#,
    ] {
        exchange.frame(&format!("data: {frame}\n\n")).await;
        client.chunk().await.unwrap();
    }
    client.hang_up();
    exchange.closed().await;
    let (input, output, _, estimated) = known(&gate.records_when(1).await[0]);
    assert_eq!((input, output, estimated), (900, 4, true));
}

#[tokio::test]
async fn whole_answers_that_never_say_are_counted() {
    let (gate, mut provider, key) = of_openai().await;
    let whole = ASKED.replace("true", "false");
    let embedding = r#"{"model":"text-embedding-3-small","input":["How are you?","How are you?"]}"#;
    for (path, body, answer) in [
        (CHAT, &*whole, r#"{"choices":[{"message":{"role":"assistant","content":"Hello, world!"}}]}"#),
        ("/v1/embeddings", embedding, r#"{"data":[{"embedding":[0.5]}]}"#),
    ] {
        let (got, ()) = tokio::join!(gate.post(&key, path, body), async {
            provider.next().await.json(200, answer).await;
        });
        assert_eq!(got.status, 200);
    }
    let records = gate.records();
    assert_eq!(known(&records[0]), (7, 4, Some(1_050 + 2_400), true));
    assert!(records[1].estimated && records[1].input_tokens >= 8 && records[1].output_tokens == 0, "{records:?}");
}

#[tokio::test]
async fn what_is_said_or_refused_or_cannot_be_read_is_not_estimated() {
    let (gate, mut provider, key) = of_openai().await;
    let whole = ASKED.replace("true", "false");
    for (status, headers, answer, expected) in [
        (200, JSON, r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#, (0, 0, Some(0), false)),
        (400, JSON, r#"{"detail":"no"}"#, (0, 0, Some(0), false)),
        (200, "content-type: application/json\r\ncontent-encoding: gzip\r\n", "\x1f", (0, 0, None, false)),
    ] {
        let (got, ()) = tokio::join!(gate.post(&key, CHAT, &whole), async {
            provider.next().await.answer(status, headers, answer).await;
        });
        assert_eq!(got.status, status);
        assert_eq!(known(gate.records().last().unwrap()), expected, "{answer}");
    }
}
