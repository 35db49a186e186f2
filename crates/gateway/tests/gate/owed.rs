//! What is told later than it began: batches, and responses in the background.
//! Each answer that tells it leaves one record of the same resource, for the key
//! that began it; who drains the journal counts the first (`service/tests/usage.rs`).

use keyward_domain::{
    budget::{BudgetMode, BudgetWindow},
    cache::ProjectCache,
    limit::Limits,
    provider::Provider,
    provider_resource::ResourceKind::{Batch, File, Response},
    usage::{CallKind, ServiceTier},
};
use keyward_telemetry::journal::UsageRecord;

use crate::{
    budgets::{of_project, put, set_price, stands},
    support::{Answer, Client, Gate, Kept, TestKey, TestProvider},
};

const BACKGROUND: &str = r#"{"model":"gpt-4o-mini","input":"Hello","max_output_tokens":100,"background":true}"#;
const QUEUED: &str = r#"{"id":"resp_1","object":"response","background":true,"status":"queued","usage":null}"#;
const DONE: &str = r#"{"id":"resp_1","object":"response","background":true,"status":"completed","model":"gpt-4o-mini-2024-07-18","service_tier":"default","usage":{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}}"#;

/// At 0.15 and 0.60 dollars for a million.
const COST: i64 = 150_000 + 60_000;

async fn with_openai() -> (Gate, TestProvider, TestKey) {
    let (gate, provider, key) = Gate::with_provider().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    (gate, provider, key)
}

async fn ask(gate: &Gate, key: &TestKey, method: &str, path: &str) -> Answer {
    let bearer = key.bearer();
    let mut client = gate.connect().await;
    client.send(Client::request(method, path, &[("authorization", &bearer)], "")).await;
    client.answer().await
}

/// Asks something that the provider answers with this.
async fn ask_for(gate: &Gate, provider: &mut TestProvider, key: &TestKey, asked: (&str, &str), body: &str) {
    let providing = async { provider.next().await.json(200, body).await };
    let (answer, ()) = tokio::join!(ask(gate, key, asked.0, asked.1), providing);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn begin(gate: &Gate, provider: &mut TestProvider, key: &TestKey) {
    let providing = async { provider.next().await.json(200, QUEUED).await };
    let (answer, ()) = tokio::join!(gate.post(key, "/v1/responses", BACKGROUND), providing);
    assert_eq!((answer.status, answer.text()), (200, QUEUED));
}

/// What was told later, without the reads themselves.
fn told(gate: &Gate) -> Vec<UsageRecord> {
    gate.records().into_iter().filter(UsageRecord::is_told_later).collect()
}

fn batch(status: &str) -> String {
    format!(
        r#"{{"id":"batch_1","object":"batch","endpoint":"/v1/chat/completions","model":"gpt-4o-mini","status":"{status}",
            "request_counts":{{"total":3,"completed":2,"failed":1}},"output_file_id":"file-o",
            "usage":{{"input_tokens":1000,"input_tokens_details":{{"cached_tokens":0}},"output_tokens":100,
            "output_tokens_details":{{"reasoning_tokens":30}},"total_tokens":1100}}}}"#
    )
}

#[tokio::test]
async fn a_batch_tells_its_use_for_the_key_that_began_it_at_the_batch_price() {
    let (gate, mut provider, beginner) = with_openai().await;
    let credential = gate.credential(Provider::OpenAi, &provider);
    gate.kept.put(Kept::of(File), "file-1", credential.id);
    gate.put_credentials(vec![credential.clone()]);
    let asked = r#"{"input_file_id":"file-1","endpoint":"/v1/chat/completions"}"#;
    let providing = async { provider.next().await.json(200, &batch("validating")).await };
    assert_eq!(tokio::join!(gate.post(&beginner, "/v1/batches", asked), providing).0.status, 200);
    let reader = gate.key();
    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/batches/batch_1"), &batch("in_progress")).await;
    assert_eq!(told(&gate), [], "it is at work");

    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/batches/batch_1"), &batch("completed")).await;
    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/batches"), &batch("completed")).await;
    ask_for(&gate, &mut provider, &reader, ("POST", "/v1/batches/batch_1/cancel"), &batch("cancelled")).await;
    let told = told(&gate);
    let owed = gate.kept.owed("batch_1").unwrap();
    assert_eq!((told.len(), owed.key, owed.model.as_str()), (3, beginner.key.id, ""));
    for record in &told {
        assert_eq!((record.api_key, record.resource), (beginner.key.id.uuid(), Some(owed.resource.uuid())));
        assert_eq!((record.project, record.credential), (gate.project.id.uuid(), Some(credential.id.uuid())));
        assert_eq!((record.input_tokens, record.output_tokens, record.reasoning_tokens), (1000, 100, 30));
        assert_eq!((record.batch_calls, record.requests, record.ip), (2, 0, None));
        assert_eq!((record.kind, record.tier), (CallKind::Completions, ServiceTier::Batch));
        assert_eq!(record.model.parts(), Some(("openai", "gpt-4o-mini")));
        assert_eq!(record.cost_nanos, Some(COST / 2));
    }
    let reads: Vec<_> = gate.records().into_iter().filter(|record| !record.is_told_later()).collect();
    assert!(reads.len() == 5 && reads.iter().all(|read| read.kind == CallKind::Other && read.input_tokens == 0));

    gate.kept.count("batch_1");
    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/batches/batch_1"), &batch("completed")).await;
    assert_eq!(gate.records().len(), 9, "what is counted isn't told again");
}

#[tokio::test]
async fn a_batch_that_does_not_say_what_it_used_is_not_counted() {
    let (gate, mut provider, key) = with_openai().await;
    let credential = gate.credential(Provider::OpenAi, &provider);
    gate.kept.put_owing(Kept::of(Batch), "batch_1", credential.id, (key.key.id, ""));
    gate.put_credentials(vec![credential]);
    for (status, body) in [
        (200, r#"{"id":"batch_1","status":"completed","request_counts":{"completed":3}}"#.to_owned()),
        (200, "no JSON".to_owned()),
        (500, batch("completed")),
    ] {
        let providing = async { provider.next().await.json(status, &body).await };
        assert_eq!(tokio::join!(ask(&gate, &key, "GET", "/v1/batches/batch_1"), providing).0.status, status);
    }
    assert_eq!(told(&gate), []);
}

#[tokio::test]
async fn another_project_reads_nothing_and_so_tells_nothing() {
    let (gate, provider, key) = with_openai().await;
    let credential = gate.credential(Provider::OpenAi, &provider);
    gate.kept.put_owing(Kept::of(Batch), "batch_1", credential.id, (key.key.id, ""));
    gate.kept.put_owing(Kept::of(Response), "resp_1", credential.id, (key.key.id, "m"));
    let other = gate.foreign_key(vec![credential], ProjectCache::default());
    for (method, path) in [
        ("GET", "/v1/batches/batch_1"),
        ("POST", "/v1/batches/batch_1/cancel"),
        ("GET", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1?stream=true"),
        ("POST", "/v1/responses/resp_1/cancel"),
    ] {
        ask(&gate, &other, method, path).await.assert_error(404, "not_found");
    }
    assert_eq!(ask(&gate, &other, "GET", "/v1/batches").await.json()["data"], serde_json::json!([]));
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn a_response_in_the_background_is_a_call_at_once_and_its_use_is_told_by_whoever_reads_it() {
    let (gate, mut provider, beginner) = with_openai().await;
    begin(&gate, &mut provider, &beginner).await;
    let [began] = gate.records()[..] else { panic!("{:?}", gate.records()) };
    assert_eq!((began.requests, began.sent, began.kind), (1, true, CallKind::Completions));
    assert_eq!((began.input_tokens, began.output_tokens, began.cost_nanos), (0, 0, Some(0)));
    assert_eq!((began.estimated, began.resource), (false, None));

    let reader = gate.key();
    let working = QUEUED.replace("queued", "in_progress");
    let nonsense = DONE.replace("completed", "in_progress");
    for body in [QUEUED, &working, &nonsense] {
        ask_for(&gate, &mut provider, &reader, ("GET", "/v1/responses/resp_1"), body).await;
    }
    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/responses/resp_1/input_items"), DONE).await;
    assert_eq!(told(&gate), []);

    for asked in [("GET", "/v1/responses/resp_1"), ("POST", "/v1/responses/resp_1/cancel")] {
        ask_for(&gate, &mut provider, &reader, asked, DONE).await;
    }
    let owed = gate.kept.owed("resp_1").unwrap();
    assert_eq!(told(&gate).len(), 2);
    for record in told(&gate) {
        assert_eq!((record.api_key, record.resource), (beginner.key.id.uuid(), Some(owed.resource.uuid())));
        assert_eq!((record.input_tokens, record.output_tokens, record.batch_calls), (1000, 100, 0));
        assert_eq!((record.cost_nanos, record.tier), (Some(COST), ServiceTier::Usual));
        assert_eq!(record.model.parts(), Some(("openai", "gpt-4o-mini")), "as it was asked for");
    }
    let read = gate.records().pop().unwrap();
    assert_eq!((read.api_key, read.input_tokens, read.kind), (reader.key.id.uuid(), 0, CallKind::Other));
    gate.kept.count("resp_1");
    ask_for(&gate, &mut provider, &reader, ("GET", "/v1/responses/resp_1"), DONE).await;
    assert_eq!(told(&gate).len(), 2);
}

/// An event of a stream of responses.
fn event(kind: &str, response: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"response\":{response}}}\n\n")
}

#[tokio::test]
async fn a_stream_of_a_response_tells_its_use_only_when_it_comes_to_its_end() {
    let (gate, mut provider, key) = with_openai().await;
    begin(&gate, &mut provider, &key).await;
    for is_whole in [false, true] {
        let bearer = key.bearer();
        let mut client = gate.connect().await;
        let path = "/v1/responses/resp_1?stream=true&starting_after=2";
        client.send(Client::request("GET", path, &[("authorization", &bearer)], "")).await;
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        exchange.frame(&event("response.in_progress", QUEUED)).await;
        client.head().await;
        client.chunk().await.unwrap();
        if is_whole {
            exchange.frame(&event("response.completed", DONE)).await;
            exchange.end_stream().await;
            while client.chunk().await.unwrap().is_some() {}
        } else {
            drop(exchange);
            while let Ok(chunk) = client.chunk().await {
                assert!(chunk.is_some(), "never a clean end");
            }
        }
        let records = gate.records_when(if is_whole { 4 } else { 2 }).await;
        assert_eq!(records.iter().filter(|record| record.is_told_later()).count(), usize::from(is_whole));
    }
    assert_eq!((told(&gate)[0].input_tokens, told(&gate)[0].cost_nanos), (1000, Some(COST)));
}

#[tokio::test]
async fn a_stream_that_begins_one_tells_its_use_itself_unless_it_is_left() {
    let (gate, mut provider, key) = with_openai().await;
    let body = BACKGROUND.replace("\"background\"", "\"stream\":true,\"background\"");
    for is_left in [false, true] {
        let bearer = key.bearer();
        let mut client = gate.connect().await;
        client.send(Client::request("POST", "/v1/responses", &[("authorization", &bearer)], &body)).await;
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        let id = format!("resp_{is_left}");
        exchange.frame(&event("response.created", &QUEUED.replace("resp_1", &id))).await;
        client.head().await;
        client.chunk().await.unwrap();
        if is_left {
            drop(client);
        } else {
            exchange.frame(&event("response.completed", DONE)).await;
            exchange.end_stream().await;
            while client.chunk().await.unwrap().is_some() {}
        }
        let record = gate.records_when(if is_left { 2 } else { 1 }).await.pop().unwrap();
        let owed = gate.kept.owed(&id).unwrap();
        let expected = if is_left { (0, Some(0), None) } else { (1000, Some(COST), Some(owed.resource.uuid())) };
        assert_eq!((record.input_tokens, record.cost_nanos, record.resource), expected);
        assert_eq!((record.requests, record.sent, record.estimated), (1, true, false));
    }
}

#[tokio::test]
async fn what_nobody_can_read_later_is_estimated_at_once() {
    let (gate, mut provider, key) = with_openai().await;
    gate.kept.set_down(true);
    begin(&gate, &mut provider, &key).await;
    let [record] = gate.records()[..] else { panic!("{:?}", gate.records()) };
    assert!(record.estimated && record.input_tokens > 0, "{record:?}");
}

#[tokio::test]
async fn a_budget_is_charged_once_with_what_was_held_back() {
    for mode in [BudgetMode::Strict, BudgetMode::Balanced] {
        let (gate, mut provider, key) = with_openai().await;
        set_price(&gate);
        put(&gate, of_project(&gate), 1_000_000_000, BudgetWindow::Month, mode);
        let body = BACKGROUND.replace("gpt-4o-mini", "m");
        let mut held = 0;
        let providing = async {
            let exchange = provider.next().await;
            held = stands(&gate, of_project(&gate)).1;
            exchange.json(200, QUEUED).await;
        };
        assert_eq!(tokio::join!(gate.post(&key, "/v1/responses", &body), providing).0.status, 200);
        assert!(held > 0);
        assert_eq!(stands(&gate, of_project(&gate)), (held, 0), "{mode:?}");
        let began = gate.records().pop().unwrap();
        assert!(began.hold_stays && began.reserved_nanos == held, "after a restart, too: {began:?}");
        ask_for(&gate, &mut provider, &key, ("GET", "/v1/responses/resp_1"), DONE).await;
        assert_eq!(told(&gate)[0].cost_nanos, Some(1000 * 1_000 + 100 * 10_000));
        assert_eq!(stands(&gate, of_project(&gate)), (held, 0), "{mode:?}");
    }
}

#[tokio::test]
async fn a_limit_of_tokens_keeps_what_was_estimated() {
    let (gate, mut provider, key) = with_openai().await;
    gate.set_limits(&[(None, Limits { tokens_per_minute: Some(10_000), ..Limits::default() })]);
    let estimate = BACKGROUND.len() / 4 + 100;
    for calls in 1..=3 {
        let providing = async { provider.next().await.json(200, QUEUED).await };
        let (answer, ()) = tokio::join!(gate.post(&key, "/v1/responses", BACKGROUND), providing);
        let left = (10_000 - calls * estimate).to_string();
        assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some(left.as_str()));
    }
}
