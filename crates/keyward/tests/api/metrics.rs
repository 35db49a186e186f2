//! `/metrics`, as a collector reads it.

use keyward_testkit::TestApp;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

keyward_testkit::on_both_databases!(
    metrics_tell_what_happened_and_nothing_of_whom,
    nothing_else_is_answered_there_and_metrics_nowhere_else,
);

/// A whole answer, its head with it.
pub async fn ask(app: &TestApp, request: &str) -> String {
    let mut stream = TcpStream::connect(app.server.metrics_address().unwrap()).await.unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn metrics_tell_what_happened_and_nothing_of_whom(app: &TestApp) {
    let key = app.key().await;
    let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "a"}]});
    assert_eq!(key.post("/v1/chat/completions", body.clone()).await.status, 200);
    assert_eq!(key.post("/v1/theirs/alone", body.clone()).await.status, 404);
    assert_eq!(app.nobody.post("/v1/chat/completions", body).await.status, 401);

    let answer = ask(app, "GET /metrics").await;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/openmetrics-text"), "{head}");
    for line in [
        "keyward_requests_total{route=\"/v1/chat/completions\",status=\"2xx\"} 1",
        "keyward_requests_total{route=\"/v1/chat/completions\",status=\"4xx\"} 1",
        "keyward_requests_total{route=\"other\",status=\"4xx\"} 1",
        "keyward_refusals_total{code=\"invalid_api_key\"} 1",
        "keyward_provider_answers_total{status=\"2xx\"} 1",
        "keyward_overhead_seconds_count 1",
        "keyward_overhead_seconds_bucket{le=\"+Inf\"} 1",
        "keyward_connections_refused_total 0",
        "keyward_decisions_dropped_total 0",
        "keyward_index_keys 1",
        "# TYPE keyward_requests counter",
        "# TYPE keyward_requests_in_flight gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} isn't there:\n{text}");
    }
    for foreign in ["demo", "theirs", "sk-", "proj_"] {
        assert!(!text.contains(foreign), "{foreign} is there:\n{text}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} isn't there:\n{text}")).parse::<i64>().unwrap()
    };
    assert!(value("keyward_open_connections") >= 1 && value("keyward_connections_total") >= 1);
    assert!(value("keyward_journal_unsettled_bytes") >= 0 && value("keyward_index_age_milliseconds") >= 0);
}

async fn nothing_else_is_answered_there_and_metrics_nowhere_else(app: &TestApp) {
    assert!(ask(app, "GET /v1/organization/projects").await.starts_with("HTTP/1.1 404"));
    assert!(ask(app, "POST /metrics").await.starts_with("HTTP/1.1 405"));
    assert_eq!(app.admin.get("/metrics").await.status, 404);
}
