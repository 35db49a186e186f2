//! The built-in provider's whole answers and refusals.

use bytes::Bytes;
use http::HeaderMap;
use keyward_domain::provider::Provider;
use keyward_provider::{Operation, Target, UpstreamResponse, tap::ResponseTap};
use serde_json::{Value, json};

use super::support::{NOW, upstream};

pub async fn ask(operation: Operation, body: &Value) -> UpstreamResponse {
    let target = Target::new(Provider::Demo, None, None).unwrap();
    let body = Bytes::from(body.to_string());
    upstream().send(&target, operation, None, &HeaderMap::new(), body, &Default::default()).await.unwrap()
}

/// Status and body; checks on the way that the tap reads the same use.
async fn whole(operation: Operation, body: &Value) -> (u16, Value) {
    let answer = ask(operation, body).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let length = answer.body.exact_length().unwrap();
    let text = answer.body.collect(1 << 24).await.unwrap();
    assert_eq!(length, text.len() as u64);
    let value: Value = serde_json::from_slice(&text).unwrap();
    let mut tap = ResponseTap::new(operation, false, false);
    tap.take(text);
    let outcome = tap.end();
    assert!(outcome.clean);
    let tokens = |names: [&str; 2]| names.iter().find_map(|name| value["usage"][name].as_u64());
    assert_eq!(outcome.usage.map(|usage| usage.input_tokens), tokens(["prompt_tokens", "input_tokens"]));
    (answer.status.as_u16(), value)
}

fn chat(more: &Value) -> Value {
    let mut body = json!({"model": "demo-small", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello there!"}, {"type": "image_url", "image_url": {}}]},
    ]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_chat_is_echoed_with_its_use() {
    let (status, answer) = whole(Operation::ChatCompletions, &chat(&json!({}))).await;
    assert_eq!(status, 200);
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["created"], NOW);
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: Hello there!");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["prompt_tokens"], 6);
    assert_eq!(answer["usage"]["completion_tokens"], 6);
    assert_eq!(answer["usage"]["total_tokens"], 12);
    assert_eq!(whole(Operation::ChatCompletions, &chat(&json!({}))).await.1, answer, "no chance, no change");
}

#[tokio::test]
async fn every_limit_is_kept_and_said() {
    for (operation, body, said, reason) in [
        (
            Operation::ChatCompletions,
            chat(&json!({"max_tokens": 2})),
            "/choices/0/message/content",
            "/choices/0/finish_reason",
        ),
        (
            Operation::ChatCompletions,
            chat(&json!({"max_completion_tokens": 2, "max_tokens": 5})),
            "/choices/0/message/content",
            "/choices/0/finish_reason",
        ),
        (
            Operation::Completions,
            json!({"model": "demo-large", "prompt": ["Hello"], "max_tokens": 2}),
            "/choices/0/text",
            "/choices/0/finish_reason",
        ),
        (
            Operation::Responses,
            json!({"model": "demo-large", "input": "Hello", "max_output_tokens": 2}),
            "/output/0/content/0/text",
            "/incomplete_details/reason",
        ),
        (
            Operation::Messages,
            json!({"model": "demo-large", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}),
            "/content/0/text",
            "/stop_reason",
        ),
    ] {
        let (status, answer) = whole(operation, &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer.pointer(said).unwrap(), "You said", "{answer}");
        let reason = answer.pointer(reason).unwrap().as_str().unwrap();
        assert!(["length", "max_output_tokens", "max_tokens"].contains(&reason), "{reason}");
    }
}

#[tokio::test]
async fn responses_answer_the_last_message_of_a_list() {
    let body = json!({"model": "demo-small", "instructions": "Be brief.", "input": [
        {"role": "user", "content": "One"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Two"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "user", "content": [{"type": "input_text", "text": "Three"}]},
    ]});
    let (_, answer) = whole(Operation::Responses, &body).await;
    assert_eq!(answer["output"][0]["content"][0]["text"], "You said: Three");
    assert_eq!(answer["status"], "completed");
    assert_eq!(answer["usage"]["input_tokens"], 6);
}

#[tokio::test]
async fn messages_count_the_system_text() {
    let body = json!({"model": "demo-small", "max_tokens": 50, "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": "count to 3"}]});
    let (_, answer) = whole(Operation::Messages, &body).await;
    assert_eq!(answer["content"], json!([{"type": "text", "text": "1 2 3"}]));
    assert_eq!(answer["stop_reason"], "end_turn");
    assert_eq!(answer["usage"]["input_tokens"], 6);
    assert_eq!(answer["usage"]["output_tokens"], 3);
}

#[tokio::test]
async fn embeddings_come_as_asked() {
    let asked = |more: Value| {
        let mut body = json!({"model": "demo-embedding", "input": ["red car", "red bus", "blue sky today"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, floats) = whole(Operation::Embeddings, &asked(json!({"dimensions": 64}))).await;
    assert_eq!(status, 200);
    let vector = |index: usize| -> Vec<f32> {
        let values = floats["data"][index]["embedding"].as_array().unwrap();
        values.iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let near = |a: usize, b: usize| -> f32 { vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum() };
    assert_eq!(vector(0).len(), 64);
    assert!((near(0, 0) - 1.0).abs() < 1e-5);
    assert!(near(0, 1) > near(0, 2), "texts that share a word are nearer");
    assert_eq!(floats["usage"], json!({"prompt_tokens": 7, "total_tokens": 7}));

    let encoded = asked(json!({"dimensions": 64, "encoding_format": "base64"}));
    let (_, encoded) = whole(Operation::Embeddings, &encoded).await;
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        encoded["data"][1]["embedding"].as_str().unwrap(),
    );
    let decoded: Vec<f32> = bytes.unwrap().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect();
    assert_eq!(decoded, vector(1));
}

#[tokio::test]
async fn embeddings_take_every_kind_of_input() {
    for (input, count) in
        [(json!("text"), 1), (json!(["a", "b"]), 2), (json!([1, 2, 3]), 1), (json!([[1, 2], [3]]), 2), (json!("?!"), 1)]
    {
        let body = json!({"model": "demo-embedding", "input": input});
        let (status, answer) = whole(Operation::Embeddings, &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["data"].as_array().unwrap().len(), count);
        assert_eq!(answer["data"][count - 1]["index"], count - 1);
    }
}

#[tokio::test]
async fn bad_calls_are_refused_as_openai_would() {
    let embedding = |more: Value| {
        let mut body = json!({"model": "demo-embedding", "input": "x"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (operation, body, status, code, param) in [
        (Operation::ChatCompletions, json!([]), 400, None, None),
        (Operation::ChatCompletions, json!({}), 400, Some("missing_required_parameter"), Some("model")),
        (Operation::ChatCompletions, json!({"model": 7}), 400, Some("invalid_type"), Some("model")),
        (Operation::ChatCompletions, json!({"model": "gpt-9"}), 404, Some("model_not_found"), None),
        (Operation::ChatCompletions, json!({"model": "demo-embedding"}), 404, Some("model_not_found"), None),
        (Operation::Embeddings, json!({"model": "demo-small"}), 404, Some("model_not_found"), None),
        (
            Operation::ChatCompletions,
            json!({"model": "demo-small"}),
            400,
            Some("missing_required_parameter"),
            Some("messages"),
        ),
        (Operation::ChatCompletions, chat(&json!({"messages": "x"})), 400, Some("invalid_type"), Some("messages")),
        (Operation::ChatCompletions, chat(&json!({"messages": []})), 400, Some("invalid_value"), Some("messages")),
        (Operation::ChatCompletions, chat(&json!({"messages": [7]})), 400, Some("invalid_type"), Some("messages[0]")),
        (
            Operation::ChatCompletions,
            chat(&json!({"messages": [{"content": "x"}]})),
            400,
            Some("missing_required_parameter"),
            Some("messages[0].role"),
        ),
        (Operation::ChatCompletions, chat(&json!({"n": 2})), 400, Some("invalid_value"), Some("n")),
        (Operation::ChatCompletions, chat(&json!({"stream": "yes"})), 400, Some("invalid_type"), Some("stream")),
        (Operation::ChatCompletions, chat(&json!({"max_tokens": 0})), 400, Some("invalid_value"), Some("max_tokens")),
        (Operation::ChatCompletions, chat(&json!({"max_tokens": 1.5})), 400, Some("invalid_type"), Some("max_tokens")),
        (
            Operation::Completions,
            json!({"model": "demo-small", "prompt": ["a", "b"]}),
            400,
            Some("invalid_value"),
            Some("prompt"),
        ),
        (Operation::Responses, json!({"model": "demo-small", "input": 7}), 400, Some("invalid_type"), Some("input")),
        (Operation::Embeddings, embedding(json!({"input": ""})), 400, Some("invalid_value"), Some("input")),
        (Operation::Embeddings, embedding(json!({"input": []})), 400, Some("invalid_value"), Some("input")),
        (Operation::Embeddings, embedding(json!({"input": [true]})), 400, Some("invalid_type"), Some("input")),
        (Operation::Embeddings, embedding(json!({"dimensions": 9999})), 400, Some("invalid_value"), Some("dimensions")),
        (
            Operation::Embeddings,
            embedding(json!({"encoding_format": "hex"})),
            400,
            Some("invalid_value"),
            Some("encoding_format"),
        ),
    ] {
        let (got, answer) = whole(operation, &body).await;
        let error = &answer["error"];
        assert_eq!((got, error["code"].as_str(), error["param"].as_str()), (status, code, param), "{body}");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn bad_messages_are_refused_as_anthropic_would() {
    let talk = json!([{"role": "user", "content": "x"}]);
    for (body, status, kind) in [
        (json!({"model": "demo-small", "messages": talk}), 400, "invalid_request_error"),
        (json!({"model": "claude-x", "messages": talk, "max_tokens": 5}), 404, "not_found_error"),
        (json!({"model": "demo-small", "max_tokens": 5}), 400, "invalid_request_error"),
    ] {
        let (got, answer) = whole(Operation::Messages, &body).await;
        assert_eq!(
            (got, answer["type"].as_str(), answer["error"]["type"].as_str()),
            (status, Some("error"), Some(kind))
        );
    }
}
