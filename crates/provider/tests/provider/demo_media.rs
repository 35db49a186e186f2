//! The built-in provider's pictures, sounds, moderations and rerankings.

use keyward_provider::Operation;
use serde_json::{Value, json};

use super::demo::ask;

async fn json_of(operation: Operation, body: Value) -> (u16, Value) {
    let answer = ask(operation, &body).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    (answer.status.as_u16(), serde_json::from_slice(&answer.body.collect(1 << 24).await.unwrap()).unwrap())
}

/// Each refusal names its field.
async fn refuses(operation: Operation, cases: &[(Value, &str)]) {
    for (body, param) in cases {
        let (status, answer) = json_of(operation, body.clone()).await;
        assert_eq!((status, answer["error"]["param"].as_str()), (400, Some(*param)), "{body}");
    }
}

#[tokio::test]
async fn moderations_know_a_few_words() {
    let (status, answer) =
        json_of(Operation::Moderations, json!({"input": ["I could kill for a cake", "skill"]})).await;
    assert_eq!((status, answer["model"].as_str()), (200, Some("demo-moderation")));
    assert_eq!(answer["results"][0]["flagged"], true);
    assert_eq!(answer["results"][0]["categories"]["violence"], true);
    assert_eq!(answer["results"][0]["category_scores"]["violence"], 1.0);
    assert_eq!(answer["results"][1]["flagged"], false);
    let parts = json!({"model": "demo-moderation", "input": [
        {"type": "text", "text": "hate"}, {"type": "image_url", "image_url": {"url": "x"}}]});
    let (_, answer) = json_of(Operation::Moderations, parts).await;
    assert_eq!((answer["results"].as_array().unwrap().len(), &answer["results"][0]["flagged"]), (1, &json!(true)));
    refuses(
        Operation::Moderations,
        &[(json!({}), "input"), (json!({"input": 7}), "input"), (json!({"input": [7]}), "input")],
    )
    .await;
    assert_eq!(json_of(Operation::Moderations, json!({"model": "demo-small", "input": "x"})).await.0, 404);
}

#[tokio::test]
async fn pictures_are_the_prompts_own() {
    let ask = async |prompt: &str, n: u64| {
        json_of(Operation::ImageGenerations, json!({"prompt": prompt, "n": n, "model": "demo-image"})).await.1
    };
    let two = ask("a red cat", 2).await;
    assert_eq!(two, ask("a red cat", 2).await);
    let [first, second] = [&two["data"][0]["b64_json"], &two["data"][1]["b64_json"]];
    assert_ne!(first, second);
    assert!(first.as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG");
    assert_eq!(two["usage"]["input_tokens"], 3);
    assert_eq!(two["usage"]["total_tokens"], 131);
    refuses(
        Operation::ImageGenerations,
        &[
            (json!({"model": "demo-image"}), "prompt"),
            (json!({"prompt": "x", "n": 11}), "n"),
            (json!({"prompt": "x", "response_format": "url"}), "response_format"),
            (json!({"prompt": "x", "stream": true}), "stream"),
        ],
    )
    .await;
}

#[tokio::test]
async fn speech_is_sound_that_plays() {
    let body = json!({"model": "demo-speech", "voice": "alloy", "input": "Hello there!"});
    let answer = ask(Operation::Speech, &body).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["content-type"]), (200, &"audio/wav".parse().unwrap()));
    let wav = answer.body.collect(1 << 24).await.unwrap();
    assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    let pcm = json!({"model": "demo-speech", "voice": "alloy", "input": "Hello there!", "response_format": "pcm"});
    let pcm = ask(Operation::Speech, &pcm).await.body.collect(1 << 24).await.unwrap();
    assert_eq!(&wav[44..], &pcm[..]);
    refuses(
        Operation::Speech,
        &[
            (json!({"model": "demo-speech", "input": "x"}), "voice"),
            (json!({"model": "demo-speech", "voice": "a"}), "input"),
            (json!({"model": "demo-speech", "voice": "a", "input": "x", "response_format": "mp3"}), "response_format"),
        ],
    )
    .await;
}

#[tokio::test]
async fn rerankings_put_what_shares_words_first() {
    let body = json!({"model": "demo-rerank", "query": "red cats", "documents": ["blue dogs", {"text": "red cats"}, "red"],
        "top_n": 2, "return_documents": true});
    let (status, answer) = json_of(Operation::Rerank, body).await;
    assert_eq!(status, 200);
    let order: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| &result["index"]).collect();
    assert_eq!(order, [1, 2]);
    assert_eq!(answer["results"][0]["relevance_score"], 1.0);
    assert_eq!(answer["results"][0]["document"]["text"], "red cats");
    assert_eq!(answer["usage"]["total_tokens"], 7);
    refuses(
        Operation::Rerank,
        &[
            (json!({"model": "demo-rerank", "documents": ["x"]}), "query"),
            (json!({"model": "demo-rerank", "query": "x", "documents": []}), "documents"),
            (json!({"model": "demo-rerank", "query": "x", "documents": [7]}), "documents"),
        ],
    )
    .await;
}

#[tokio::test]
async fn tokens_are_counted_as_a_message_would_have_them() {
    let body = json!({"model": "demo-small", "system": "Be brief.", "messages": [{"role": "user", "content": "Hello there!"}]});
    assert_eq!(json_of(Operation::CountTokens, body).await, (200, json!({"input_tokens": 6})));
    let (status, answer) = json_of(Operation::CountTokens, json!({"model": "demo-small"})).await;
    assert_eq!((status, answer["type"].as_str()), (400, Some("error")));
}

#[tokio::test]
async fn what_takes_a_file_is_refused_plainly() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.takes_form()) {
        let (status, answer) = json_of(operation, json!({})).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("not_supported")), "{operation:?}");
    }
}
