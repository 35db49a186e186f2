//! Lists of models: what they show, and how they decide where a bare name goes.

use keyward_domain::{api_key::KeyAccess, model::ModelPatterns, provider::Provider};

use crate::support::{CHAT, CHAT_ANSWER, Gate, TestKey, TestProvider};

async fn ids(gate: &Gate, key: &TestKey, extra: &[(&str, &str)]) -> Vec<String> {
    let bearer = key.bearer();
    let headers = [extra, &[("authorization", bearer.as_str())][..]].concat();
    let answer = gate.connect().await.get("/v1/models", &headers).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

const LIST_A: &str = r#"{"object":"list","data":[{"id":"gpt-4o"},{"id":"both"},{"id":"org/deep"}]}"#;
const LIST_B: &str = r#"{"object":"list","data":[{"id":"llama"},{"id":"both"}]}"#;

/// Two providers with a list each, and an alias.
async fn two() -> (Gate, TestProvider, TestProvider) {
    let gate = Gate::start();
    let (a, b) = (TestProvider::start().await, TestProvider::start().await);
    gate.put_credentials(vec![
        gate.credential_with(Provider::OpenAi, &a, &[("fast", "gpt-4o-mini")]),
        gate.credential(Provider::Groq, &b),
    ]);
    (gate, a, b)
}

#[tokio::test]
async fn the_list_holds_the_providers_models_and_aliases() {
    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let lists = async {
        let asked = a.next().await;
        assert_eq!(asked.request_line(), "GET /v1/models HTTP/1.1");
        asked.json(200, LIST_A).await;
        b.next().await.json(200, LIST_B).await;
    };
    let (listed, ()) = tokio::join!(ids(&gate, &key, &[]), lists);
    assert_eq!(listed, ["fast", "gpt-4o", "both", "org/deep", "llama"]);

    // Cached, filtered and in the other shape.
    let access =
        KeyAccess { allowed_models: ModelPatterns::parse("m", vec!["groq/*".into()]).unwrap(), ..KeyAccess::default() };
    let narrow = gate.key_with(None, access);
    assert_eq!(ids(&gate, &narrow, &[]).await, ["llama", "both"]);
    let bearer = key.bearer();
    let anthropic = ("anthropic-version", "2023-06-01");
    let answer = gate.connect().await.get("/v1/models", &[("authorization", &bearer), anthropic]).await.json();
    assert_eq!(
        (&answer["first_id"], &answer["last_id"], &answer["has_more"]),
        (&"fast".into(), &"llama".into(), &false.into())
    );
    assert_eq!(answer["data"][1]["type"], "model");

    let one =
        async |id: &str| gate.connect().await.get(&format!("/v1/models/{id}"), &[("authorization", &bearer)]).await;
    for (asked, id, owner) in [
        ("llama", "llama", "groq"),
        ("org/deep", "org/deep", "openai"),
        ("org%2Fdeep", "org/deep", "openai"),
        ("openai/gpt-4o", "gpt-4o", "openai"),
        ("fast", "fast", "openai"),
    ] {
        let model = one(asked).await.json();
        assert_eq!((&model["id"], &model["owned_by"], &model["object"]), (&id.into(), &owner.into(), &"model".into()));
    }
    one("nothing").await.assert_error(404, "model_not_found");
    let answer = gate.connect().await.get("/v1/models/llama", &[("authorization", &narrow.bearer())]).await;
    assert_eq!(answer.status, 200);
    let answer = gate.connect().await.get("/v1/models/gpt-4o", &[("authorization", &narrow.bearer()), anthropic]).await;
    answer.assert_error(404, "model_not_found");
    assert_eq!(answer.json()["type"], "error");
    assert_eq!((a.seen(), b.seen(), gate.records().len()), (1, 1, 0));
}

#[tokio::test]
async fn a_provider_without_a_list_is_left_out_unless_all_are() {
    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let lists = async {
        a.next().await.json(500, "{}").await;
        b.next().await.json(200, LIST_B).await;
    };
    let (listed, ()) = tokio::join!(ids(&gate, &key, &[]), lists);
    assert_eq!(listed, ["fast", "llama", "both"]);

    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let bearer = key.bearer();
    let headers = [("authorization", bearer.as_str())];
    let mut client = gate.connect().await;
    let lists = async {
        a.next().await.json(401, "{}").await;
        b.next().await.json(200, "<html>").await;
    };
    let (answer, ()) = tokio::join!(client.get("/v1/models", &headers), lists);
    answer.assert_error(502, "provider_authentication_failed");
    gate.put_credentials(Vec::new());
    client.get("/v1/models", &headers).await.assert_error(503, "provider_not_configured");
}

#[tokio::test]
async fn a_bare_name_goes_to_the_provider_that_lists_it() {
    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let serve_a = async {
        a.next().await.json(200, LIST_A).await;
        a.always_answer(CHAT_ANSWER);
    };
    let serve_b = async {
        b.next().await.json(200, LIST_B).await;
        for model in ["llama", "both"] {
            let exchange = b.next().await;
            assert_eq!(exchange.request_line(), "POST /v1/chat/completions HTTP/1.1");
            assert_eq!(exchange.text(), format!(r#"{{"model":"{model}"}}"#));
            exchange.json(200, CHAT_ANSWER).await;
        }
    };
    let ask = async |body: &str| assert_eq!(gate.post(&key, "/v1/chat/completions", body).await.status, 200);
    let calls = async {
        ask(r#"{"model":"llama"}"#).await;
        ask(r#"{"model":"groq/both"}"#).await;
    };
    // The second names its provider, so the name is rewritten.
    let ((), (), ()) = tokio::join!(calls, serve_a, serve_b);
    for body in [CHAT, r#"{"model":"both"}"#, r#"{"model":"unknown"}"#, r#"{"model":"fast"}"#] {
        ask(body).await;
    }
    assert_eq!((a.seen(), b.seen()), (5, 3));
}

#[tokio::test]
async fn lists_that_fail_leave_the_order_of_the_credentials() {
    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let lists = async {
        a.next().await.json(500, "{}").await;
        b.next().await.break_off();
        a.next().await.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(gate.chat(&key), lists);
    assert_eq!((answer.status, a.seen(), b.seen()), (200, 2, 1));
    // Not asked again at once.
    let (answer, ()) = tokio::join!(gate.chat(&key), async { a.next().await.json(200, CHAT_ANSWER).await });
    assert_eq!((answer.status, a.seen(), b.seen()), (200, 3, 1));
}

#[tokio::test]
async fn many_calls_ask_for_a_list_once() {
    let (gate, mut a, mut b) = two().await;
    let key = gate.key();
    let calls = async { tokio::join!(gate.chat(&key), gate.chat(&key), gate.chat(&key), gate.chat(&key)) };
    let lists = async {
        let (of_a, of_b) = (a.next().await, b.next().await);
        of_a.json(200, LIST_A).await;
        of_b.json(200, LIST_B).await;
        a.always_answer(CHAT_ANSWER);
    };
    let (answers, ()) = tokio::join!(calls, lists);
    assert_eq!([answers.0.status, answers.1.status, answers.2.status, answers.3.status], [200; 4]);
    assert_eq!((a.seen(), b.seen()), (5, 1));
}
