//! Lists of files and batches: the project's own, whatever else the provider
//! has; each as its provider tells it.

use keyward_domain::{
    provider::Provider,
    provider_resource::ResourceKind::{Batch, File},
};
use serde_json::Value;

use crate::support::{Answer, Gate, Kept, TestKey, TestProvider};

/// Answers `count` retrievals: the last letter of the path is the object's
/// purpose, an `x` isn't there.
async fn serve(provider: &mut TestProvider, count: usize) {
    for _ in 0..count {
        let exchange = provider.next().await;
        let id = exchange.request_line().split(' ').nth(1).unwrap().rsplit('/').next().unwrap().to_owned();
        let status = if id.ends_with('x') { 404 } else { 200 };
        let purpose = id.chars().last().unwrap();
        exchange.json(status, &format!(r#"{{"id":"{id}", "purpose":"{purpose}","n":1.0}}"#)).await;
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    let ids: Vec<String> =
        json["data"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(json["object"], "list");
    assert_eq!(json["first_id"], ids.first().cloned().map_or(Value::Null, Value::String));
    assert_eq!(json["last_id"], ids.last().cloned().map_or(Value::Null, Value::String));
    ids
}

async fn get(gate: &Gate, key: &TestKey, path: &str) -> Answer {
    let bearer = key.bearer();
    gate.connect().await.get(path, &[("authorization", &bearer)]).await
}

/// A gate with these files of the project's, oldest first, and one of another's.
async fn with_files(files: &[&str]) -> (Gate, TestProvider, TestKey) {
    let (gate, provider, key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    for id in files {
        gate.kept.put(Kept::of(File), id, credential.id);
    }
    gate.kept.put(Kept::of_others(File), "theirs", credential.id);
    gate.kept.put(Kept::of(Batch), "batch", credential.id);
    gate.put_credentials(vec![credential]);
    (gate, provider, key)
}

#[tokio::test]
async fn the_projects_own_are_listed_page_by_page() {
    let (gate, mut provider, key) = with_files(&["1a", "2a", "3a", "4a", "5a"]).await;
    let mut found = Vec::new();
    let mut path = "/v1/files?limit=2".to_owned();
    for (count, has_more) in [(2, true), (2, true), (1, false)] {
        let (answer, ()) = tokio::join!(get(&gate, &key, &path), serve(&mut provider, count));
        found.extend(ids(&answer));
        assert_eq!(answer.json()["has_more"], has_more, "{path}");
        path = format!("/v1/files?limit=2&after={}", found.last().unwrap());
    }
    assert_eq!(found, ["5a", "4a", "3a", "2a", "1a"]);
    let (answer, ()) = tokio::join!(get(&gate, &key, "/v1/files?order=asc&limit=5"), serve(&mut provider, 5));
    assert_eq!((ids(&answer).join(" "), &answer.json()["has_more"]), ("1a 2a 3a 4a 5a".into(), &Value::Bool(false)));
    assert!(answer.text().contains(r#"{"id":"1a", "purpose":"a","n":1.0}"#), "as the provider wrote it");
    let records = gate.records();
    assert!(records.len() == 4 && records.iter().all(|record| record.requests == 1), "one call each");
}

#[tokio::test]
async fn what_is_gone_or_for_something_else_leaves_room() {
    let (gate, mut provider, key) = with_files(&["1a", "2b", "3x", "4a", "5b", "6x", "7a"]).await;
    let (answer, ()) = tokio::join!(get(&gate, &key, "/v1/files?limit=2&purpose=a"), serve(&mut provider, 4));
    assert_eq!((ids(&answer).join(" "), &answer.json()["has_more"]), ("7a 4a".into(), &Value::Bool(true)));
    let (answer, ()) = tokio::join!(get(&gate, &key, "/v1/files?limit=2&purpose=a&after=4a"), serve(&mut provider, 3));
    assert_eq!((ids(&answer).join(" "), &answer.json()["has_more"]), ("1a".into(), &Value::Bool(false)));
}

#[tokio::test]
async fn an_empty_list_asks_nobody_and_a_wrong_one_is_told() {
    let (gate, provider, key) = with_files(&[]).await;
    let answer = get(&gate, &key, "/v1/files").await;
    assert_eq!((ids(&answer).len(), &answer.json()["has_more"]), (0, &Value::Bool(false)));
    let answer = get(&gate, &key, "/v1/files?after=theirs").await;
    answer.assert_error(404, "not_found");
    assert_eq!(answer.json()["error"]["param"], "after");
    get(&gate, &key, "/v1/files?limit=0").await.assert_error(400, "invalid_parameter");
    gate.kept.set_down(true);
    get(&gate, &key, "/v1/batches").await.assert_error(503, "database_unavailable");
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn a_list_that_would_be_incomplete_is_an_error() {
    let (gate, mut provider, key) = with_files(&["1a"]).await;
    for (status, expected) in [(500, "provider_unreachable"), (401, "provider_authentication_failed")] {
        let providing = async { provider.next().await.json(status, "{}").await };
        let (answer, ()) = tokio::join!(get(&gate, &key, "/v1/files"), providing);
        answer.assert_error(502, expected);
    }
    assert_eq!(gate.records().len(), 2);
}
