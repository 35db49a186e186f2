//! Files, batches and responses belong to the project that made them: others'
//! are answered like what isn't there, and no provider is asked.

use keyward_domain::{
    api_key::KeyAccess,
    limit::Limits,
    model::ModelPatterns,
    provider::Provider,
    provider_resource::ResourceKind::{self, Batch, File, Response},
};

use crate::support::{Answer, Client, Gate, Kept, TestKey, TestProvider};

const FORM: &str = "multipart/form-data; boundary=X-1-X";
const UPLOAD: &str =
    "--X-1-X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{}\r\n--X-1-X--\r\n";

async fn ask(gate: &Gate, key: &TestKey, method: &str, path: &str) -> Answer {
    let bearer = key.bearer();
    let mut client = gate.connect().await;
    client.send(Client::request(method, path, &[("authorization", &bearer)], "")).await;
    client.answer().await
}

/// The method and path of everything that can be asked of one resource.
fn deeds(id: &str) -> Vec<(&'static str, String, ResourceKind)> {
    [
        ("GET", "/v1/files/ID", File),
        ("DELETE", "/v1/files/ID", File),
        ("GET", "/v1/files/ID/content", File),
        ("GET", "/v1/batches/ID", Batch),
        ("POST", "/v1/batches/ID/cancel", Batch),
        ("GET", "/v1/responses/ID", Response),
        ("DELETE", "/v1/responses/ID", Response),
        ("POST", "/v1/responses/ID/cancel", Response),
        ("GET", "/v1/responses/ID/input_items", Response),
    ]
    .into_iter()
    .map(|(method, path, kind)| (method, path.replace("ID", id), kind))
    .collect()
}

#[tokio::test]
async fn what_is_not_the_projects_is_not_there() {
    let (gate, provider, key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    let gone = gate.bare_credential(Provider::OpenAi);
    for kind in ResourceKind::ALL {
        gate.kept.put(Kept::of_others(kind), "theirs", credential.id);
        gate.kept.put(Kept::of(kind), "orphan", gone.id);
    }
    let odd = "a".repeat(201);
    for id in ["theirs", "nothing", "orphan", "a%2fb", "..", odd.as_str()] {
        for (method, path, kind) in deeds(id) {
            let answer = ask(&gate, &key, method, &path).await;
            answer.assert_error(404, "not_found");
            assert_eq!(answer.json()["error"]["param"], "id", "{method} {path}");
            assert!(answer.json()["error"]["message"].as_str().unwrap().contains(kind.as_str()));
        }
    }
    for (path, body, param) in [
        ("/v1/batches", r#"{"input_file_id":"theirs"}"#, "input_file_id"),
        ("/v1/responses", r#"{"model":"m","previous_response_id":"theirs"}"#, "previous_response_id"),
        ("/v1/responses", r#"{"model":"m","previous_response_id":"nothing"}"#, "previous_response_id"),
        ("/v1/responses", r#"{"model":"m","conversation":"conv_1"}"#, "conversation"),
    ] {
        let answer = gate.post(&key, path, body).await;
        answer.assert_error(404, "not_found");
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
    }
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn ones_own_is_asked_of_the_credential_that_made_it() {
    let (gate, _, key) = Gate::with_provider().await;
    let (first, mut second) = (TestProvider::start().await, TestProvider::start().await);
    let made_with = gate.credential(Provider::Groq, &second);
    for kind in ResourceKind::ALL {
        gate.kept.put(Kept::of(kind), "mine-1", made_with.id);
    }
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &first), made_with]);
    for (method, path, _) in deeds("mine-1").into_iter().filter(|(method, ..)| *method != "DELETE") {
        let asked = format!("{path}?include=x");
        let providing = async {
            let exchange = second.next().await;
            assert_eq!(exchange.request_line(), format!("{method} {asked} HTTP/1.1"));
            assert_eq!(exchange.header("authorization"), Some("Bearer provider-secret"));
            exchange.json(200, r#"{"id":"mine-1", "usage":{"input_tokens":5,"output_tokens":6}}"#).await;
        };
        let (answer, ()) = tokio::join!(ask(&gate, &key, method, &asked), providing);
        assert_eq!(
            (answer.status, answer.text()),
            (200, r#"{"id":"mine-1", "usage":{"input_tokens":5,"output_tokens":6}}"#)
        );
        let record = gate.records().pop().unwrap();
        assert_eq!((record.requests, record.input_tokens, record.output_tokens), (1, 0, 0), "used when it was made");
    }
    assert_eq!(first.seen(), 0);
}

#[tokio::test]
async fn what_is_deleted_is_forgotten_and_what_stays_stays() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    for id in ["a", "b", "c"] {
        gate.kept.put(Kept::of(File), id, credential.id);
    }
    gate.put_credentials(vec![credential]);
    for (id, status, is_known) in [("a", 200, false), ("b", 404, false), ("c", 500, true)] {
        let path = format!("/v1/files/{id}");
        let providing = async { provider.next().await.json(status, r#"{"deleted":true}"#).await };
        let (answer, ()) = tokio::join!(ask(&gate, &key, "DELETE", &path), providing);
        assert_eq!(answer.status, status);
        assert_eq!(gate.kept.ids().contains(&(File, id.to_owned())), is_known, "{id}");
    }
}

#[tokio::test]
async fn a_new_file_is_the_projects_before_the_caller_knows_it() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let bearer = key.bearer();
    let headers = [("authorization", bearer.as_str()), ("content-type", FORM)];
    let mut client = gate.connect().await;
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!((exchange.request_line(), exchange.text()), ("POST /v1/files HTTP/1.1", UPLOAD));
        assert_eq!(exchange.header("content-type"), Some(FORM));
        exchange.json(200, r#"{"id":"file-1","object":"file"}"#).await;
    };
    let (answer, ()) = tokio::join!(client.post("/v1/files", &headers, UPLOAD), providing);
    assert_eq!((answer.status, answer.text()), (200, r#"{"id":"file-1","object":"file"}"#));
    assert_eq!(gate.kept.ids(), [(File, "file-1".to_owned())]);
    assert_eq!(gate.records().len(), 1);

    let providing = async {
        let exchange = provider.next().await;
        gate.kept.set_down(true);
        exchange.json(200, r#"{"id":"file-2"}"#).await;
    };
    let (answer, ()) = tokio::join!(client.post("/v1/files", &headers, UPLOAD), providing);
    answer.assert_error(503, "database_unavailable");
    gate.kept.set_down(false);
    let providing = async { provider.next().await.json(400, r#"{"id":"no","error":{}}"#).await };
    let (answer, ()) = tokio::join!(client.post("/v1/files", &headers, UPLOAD), providing);
    assert_eq!((answer.status, gate.kept.ids().len()), (400, 1));
    gate.post(&key, "/v1/files", "{}").await.assert_error(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_batch_belongs_to_its_files_project_and_so_do_its_results() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(File), "file-1", credential.id);
    gate.put_credentials(vec![credential]);
    let body = r#"{"input_file_id":"file-1", "endpoint":"/v1/chat/completions"}"#;
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!((exchange.request_line(), exchange.text()), ("POST /v1/batches HTTP/1.1", body));
        exchange.json(200, r#"{"id":"batch_1","output_file_id":null}"#).await;
    };
    assert_eq!(tokio::join!(gate.post(&key, "/v1/batches", body), providing).0.status, 200);
    let done = r#"{"id":"batch_1","output_file_id":"file-o","error_file_id":"file-e"}"#;
    let providing = async { provider.next().await.json(200, done).await };
    let (answer, ()) = tokio::join!(ask(&gate, &key, "GET", "/v1/batches/batch_1"), providing);
    assert_eq!(answer.text(), done);
    for id in ["file-o", "file-e"] {
        let path = format!("/v1/files/{id}/content");
        let providing = async { provider.next().await.answer(200, "content-type: application/binary\r\n", "x").await };
        assert_eq!(tokio::join!(ask(&gate, &key, "GET", &path), providing).0.text(), "x");
    }
}

#[tokio::test]
async fn a_batch_takes_no_way_round_the_lists_of_models_or_the_cap() {
    let (gate, provider, _) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(File), "file-1", credential.id);
    gate.put_credentials(vec![credential]);
    let body = r#"{"input_file_id":"file-1"}"#;
    let models = ModelPatterns::parse("models", vec!["*".to_owned()]).unwrap();
    let narrow = gate.key_with(None, KeyAccess { allowed_models: models, ..KeyAccess::default() });
    gate.post(&narrow, "/v1/batches", body).await.assert_error(403, "model_not_allowed");
    let capped = gate.key_with(Some(1_000), KeyAccess::default());
    gate.post(&capped, "/v1/batches", body).await.assert_error(403, "batch_not_allowed");
    gate.set_limits(&[(Some("o3"), Limits { tokens_per_minute: Some(9), ..Limits::default() })]);
    gate.post(&gate.key(), "/v1/batches", body).await.assert_error(403, "batch_not_allowed");
    gate.set_limits(&[]);
    for bad in ["{}", r#"{"input_file_id":7}"#, r#"{"input_file_id":"file-1","inputFileId":"x"}"#] {
        let answer = gate.post(&capped, "/v1/batches", bad).await;
        answer.assert_error(400, "invalid_request_body");
        assert_eq!(answer.json()["error"]["param"], "input_file_id");
    }
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn a_response_is_the_projects_before_its_answer_ends() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let whole = r#"{"id":"resp_1","object":"response","usage":{"input_tokens":3,"output_tokens":4}}"#;
    let providing = async { provider.next().await.json(200, whole).await };
    let asking = gate.post(&key, "/v1/responses", r#"{"model":"m","input":"x"}"#);
    let (answer, ()) = tokio::join!(asking, providing);
    assert_eq!((answer.text(), answer.header("content-length")), (whole, Some("80")));
    assert_eq!(gate.kept.ids(), [(Response, "resp_1".to_owned())]);
    assert_eq!((gate.records()[0].input_tokens, gate.records()[0].output_tokens), (3, 4));

    let bearer = key.bearer();
    let mut client = gate.connect().await;
    let body = r#"{"model":"m","stream":true}"#;
    client.send(Client::request("POST", "/v1/responses", &[("authorization", &bearer)], body)).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame("event: response.created\ndata: {\"type\":\"response.created\",").await;
    exchange.frame("\"response\":{\"id\":\"resp_2\"}}\n\n").await;
    client.head().await;
    let first = String::from_utf8(client.chunk().await.unwrap().unwrap()).unwrap();
    assert!(first.ends_with("\"resp_2\"}}\n\n"), "{first}");
    assert!(gate.kept.ids().contains(&(Response, "resp_2".to_owned())));
    let last = "event: response.completed\ndata: {\"response\":{\"id\":\"resp_2\",\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n";
    exchange.frame(last).await;
    assert_eq!(client.chunk().await.unwrap().unwrap(), last.as_bytes());
    exchange.end_stream().await;
    assert_eq!(client.chunk().await, Ok(None));
    assert_eq!(gate.records_when(2).await[1].output_tokens, 6);
}

#[tokio::test]
async fn what_the_provider_does_not_keep_is_not_written_down() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for (body, status) in [(r#"{"model":"m","store":false}"#, 200), (r#"{"model":"m"}"#, 400)] {
        let providing = async { provider.next().await.json(status, r#"{"id":"resp_1"}"#).await };
        assert_eq!(tokio::join!(gate.post(&key, "/v1/responses", body), providing).0.status, status);
        assert_eq!(gate.kept.ids(), []);
    }
}

#[tokio::test]
async fn a_response_goes_out_though_it_cannot_be_written_down() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    gate.kept.set_down(true);
    let providing = async { provider.next().await.json(200, r#"{"id":"resp_1"}"#).await };
    let (answer, ()) = tokio::join!(gate.post(&key, "/v1/responses", r#"{"model":"m"}"#), providing);
    assert_eq!((answer.status, answer.text()), (200, r#"{"id":"resp_1"}"#));
    ask(&gate, &key, "GET", "/v1/responses/resp_1").await.assert_error(503, "database_unavailable");
}

#[tokio::test]
async fn a_response_that_goes_on_goes_where_the_one_before_it_is() {
    let (gate, first, key) = Gate::with_provider().await;
    let mut second = TestProvider::start().await;
    let made_with = gate.credential(Provider::Groq, &second);
    gate.kept.put(Kept::of(Response), "resp_1", made_with.id);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &first), made_with]);
    let body = r#"{"model":"m","previous_response_id":"resp_1"}"#;
    let providing = async {
        let exchange = second.next().await;
        assert_eq!(exchange.text(), body);
        exchange.json(200, r#"{"id":"resp_2"}"#).await;
    };
    assert_eq!(tokio::join!(gate.post(&key, "/v1/responses", body), providing).0.status, 200);
    assert_eq!(first.seen(), 0);
}

#[tokio::test]
async fn a_response_retrieved_as_a_stream_is_cut_with_its_key() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(Response), "resp_1", credential.id);
    gate.put_credentials(vec![credential]);
    let bearer = key.bearer();
    let mut client = gate.connect().await;
    client.send(Client::request("GET", "/v1/responses/resp_1?stream=true", &[("authorization", &bearer)], "")).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame("data: {}\n\n").await;
    client.head().await;
    client.chunk().await.unwrap();
    gate.change(&mut key, |key| key.disabled = true);
    while let Ok(chunk) = client.chunk().await {
        assert!(chunk.is_some(), "never a clean end");
    }
    exchange.closed().await;
}

#[tokio::test]
async fn the_built_in_provider_says_that_it_keeps_nothing() {
    let gate = Gate::start();
    let demo = gate.bare_credential(Provider::Demo);
    gate.kept.put(Kept::of(Response), "resp_1", demo.id);
    gate.put_credentials(vec![demo.into()]);
    let key = gate.key();
    ask(&gate, &key, "GET", "/v1/responses/resp_1").await.assert_error(400, "not_supported");
}
