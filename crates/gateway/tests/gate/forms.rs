//! Forms: recordings and pictures go through as they came, under the same
//! checks as words.

use keyward_domain::{api_key::KeyAccess, model::ModelPatterns, provider::Provider};

use crate::support::{Answer, Client, Exchange, Gate, TestKey};

const FORM: &str = "multipart/form-data; boundary=X-1-X";

/// A form of fields; a name with a colon is a file's.
fn form(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, content) in fields {
        let name = name.strip_suffix(':').map_or(format!("name=\"{name}\""), |name| {
            format!("name=\"{name}\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg")
        });
        body += &format!("--X-1-X\r\nContent-Disposition: form-data; {name}\r\n\r\n{content}\r\n");
    }
    body + "--X-1-X--\r\n"
}

async fn post(gate: &Gate, key: &TestKey, path: &str, body: &str) -> Answer {
    let bearer = key.bearer();
    gate.connect().await.post(path, &[("authorization", &bearer), ("content-type", FORM)], body).await
}

fn only(models: &[&str]) -> KeyAccess {
    let models = models.iter().map(|name| (*name).to_owned()).collect();
    KeyAccess { allowed_models: ModelPatterns::parse("models", models).unwrap(), ..KeyAccess::default() }
}

const MODEL_IS_REQUIRED: [&str; 2] = ["/v1/audio/transcriptions", "/v1/audio/translations"];
const MODEL_MAY_BE_MISSING: [&str; 2] = ["/v1/images/edits", "/v1/images/variations"];

fn all() -> impl Iterator<Item = &'static str> {
    MODEL_IS_REQUIRED.into_iter().chain(MODEL_MAY_BE_MISSING)
}

#[tokio::test]
async fn a_form_goes_out_as_it_came_and_its_use_is_counted() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let body = form(&[("file:", "\0\u{1}--X"), ("model", "whisper-1"), ("x[]", "1"), ("x[]", "2")]);
    for path in all() {
        let answer = r#"{"text":"Hi","usage":{"type":"tokens","input_tokens":14,"output_tokens":4,"total_tokens":18}}"#;
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.request_line(), format!("POST {path} HTTP/1.1"));
            assert_eq!((exchange.text(), exchange.header("content-type")), (&*body, Some(FORM)));
            exchange.json(200, answer).await;
        };
        let (got, ()) = tokio::join!(post(&gate, &key, path, &body), providing);
        assert_eq!((got.status, got.text()), (200, answer));
        let record = gate.records().pop().unwrap();
        assert_eq!((record.input_tokens, record.output_tokens, record.requests), (14, 4, 1), "{path}");
    }
}

#[tokio::test]
async fn models_are_allowed_and_renamed_in_forms() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    gate.put_credentials(vec![gate.credential_with(Provider::OpenAiCompatible, &provider, &[("mine", "theirs-1")])]);
    let key = gate.key_with(None, only(&["mine"]));
    for path in all() {
        let answer = post(&gate, &key, path, &form(&[("file:", "x"), ("model", "other")])).await;
        answer.assert_error(403, "model_not_allowed");
        let answer = post(&gate, &key, path, &form(&[("model", "mine"), ("models", "other")])).await;
        answer.assert_error(403, "model_not_allowed");
        assert_eq!(answer.json()["error"]["param"], "models");
        for asked in ["mine", "openai_compatible/mine"] {
            let providing = async {
                let exchange = provider.next().await;
                assert_eq!(exchange.text(), form(&[("file:", "mine"), ("model", "theirs-1"), ("y", "mine")]));
                exchange.json(200, "{}").await;
            };
            let body = form(&[("file:", "mine"), ("model", asked), ("y", "mine")]);
            assert_eq!(tokio::join!(post(&gate, &key, path, &body), providing).0.status, 200);
        }
    }
}

#[tokio::test]
async fn a_missing_model_is_refused_where_it_is_required_or_models_are_restricted() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer("{}");
    let narrow = gate.key_with(None, only(&["*"]));
    let body = form(&[("image:", "x")]);
    for path in MODEL_MAY_BE_MISSING {
        assert_eq!(post(&gate, &key, path, &body).await.status, 200);
        post(&gate, &narrow, path, &body).await.assert_error(403, "model_not_allowed");
    }
    for path in MODEL_IS_REQUIRED {
        let answer = post(&gate, &key, path, &body).await;
        answer.assert_error(400, "invalid_request_body");
        assert_eq!(answer.json()["error"]["param"], "model");
    }
    assert_eq!((provider.seen(), gate.records().len()), (2, 2));
}

#[tokio::test]
async fn what_could_show_two_models_reaches_no_provider() {
    let (gate, provider, key) = Gate::with_provider().await;
    let good = form(&[("file:", "x"), ("model", "whisper-1")]);
    let hostile = [
        form(&[("model", "a"), ("model", "b")]),
        form(&[("model", "a"), ("Model", "b")]),
        form(&[("model", "a"), ("model[]", "b")]),
        form(&[("model:", "a")]),
        good.replace("name=\"model\"", "name=\"model\"; name=\"x\""),
        good.replace("name=\"model\"", "name=\"x\"; name*=utf-8''model"),
        good.replace("\r\n", "\n"),
        format!("{good}{good}"),
        good.replace("audio/mpeg", "multipart/mixed; boundary=y"),
        good.replace("X-1-X", "Y"),
        "{\"model\":\"a\"}".to_owned(),
        String::new(),
    ];
    for body in hostile {
        post(&gate, &key, "/v1/audio/transcriptions", &body).await.assert_error(400, "invalid_request_body");
    }
    let bearer = key.bearer();
    for content_type in ["application/json", "multipart/form-data", "multipart/form-data; boundary=a; boundary=X-1-X"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let answer = gate.connect().await.post("/v1/audio/transcriptions", &headers, &good).await;
        answer.assert_error(415, "unsupported_media_type");
    }
    // And no form where JSON belongs.
    post(&gate, &key, "/v1/chat/completions", &good).await.assert_error(415, "unsupported_media_type");
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn a_transcript_that_streams_is_forwarded_counted_and_cut() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    let events = include_str!("../../../provider/tests/provider/fixtures/transcript.sse");
    let body = form(&[("model", "m"), ("stream", "true"), ("file:", "x")]);
    let providing = async {
        let mut exchange = provider.next().await;
        assert_eq!(exchange.text(), body);
        exchange.begin_stream().await;
        exchange.frame(events).await;
        exchange.end_stream().await;
    };
    let asking = post(&gate, &key, "/v1/audio/transcriptions", &body);
    let (answer, ()) = tokio::join!(asking, providing);
    assert_eq!((answer.text(), answer.clean), (events, true));
    assert_eq!(gate.records()[0].output_tokens, 31);

    let mut client = gate.connect().await;
    let bearer = key.bearer();
    let headers = [("authorization", bearer.as_str()), ("content-type", FORM)];
    client.send(Client::request("POST", "/v1/audio/transcriptions", &headers, &body)).await;
    let exchange: Exchange = provider.next().await;
    gate.change(&mut key, |key| key.disabled = true);
    client.answer().await.assert_error(401, "api_key_disabled");
    drop(exchange);
}

#[tokio::test]
async fn subtitles_are_no_json_and_pass() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let text = "1\n00:00:00,000 --> 00:00:01,000\nHi\n";
    let providing = async {
        let mut exchange = provider.next().await;
        exchange.send(format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n{text}")).await;
        exchange.break_off();
    };
    let body = form(&[("model", "m"), ("response_format", "srt"), ("file:", "x")]);
    let (answer, ()) = tokio::join!(post(&gate, &key, "/v1/audio/transcriptions", &body), providing);
    assert_eq!((answer.status, answer.text(), answer.clean), (200, text, true));
}
