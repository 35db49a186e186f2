use keyward::cli::Exit;
use serde_json::json;

use crate::support::{keyward, ok, raw};

const LOGS: &str = "/v1/organization/audit_logs";

#[tokio::test]
async fn every_filter_becomes_its_parameter() {
    let event = json!({"id": "audit_1", "type": "api_key.rotated", "effective_at": 1_795_225_196, "outcome": "success",
        "project": {"id": "proj_1", "name": "Support"}, "targets": ["key_1"],
        "actor": {"type": "api_key", "api_key": {"id": "admkey_1", "type": "user", "user": {"id": "user_1", "email": "ada@example.com"}}}});
    let page =
        json!({"object": "list", "data": [event], "first_id": "audit_1", "last_id": "audit_1", "has_more": false});
    let seen = keyward(&[
        "audit",
        "list",
        "--type",
        "api_key.*,project.updated",
        "--actor",
        "admkey_1",
        "--actor-email",
        "ada@example.com",
        "--project",
        "proj_1",
        "--target",
        "key_1",
        "--outcome",
        "success",
        "--ip",
        "192.0.2.7",
        "--request-id",
        "req_1",
        "--search",
        "x y",
        "--since",
        "12h",
        "--until",
        "2027-01-31",
        "--limit",
        "5",
    ])
    .replies(ok(page))
    .run()
    .await;
    seen.assert_done();
    let query = seen.requests[0].line.strip_prefix(&format!("GET {LOGS}?")).unwrap();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [
        ("event_types[]", "api_key.*"),
        ("event_types[]", "project.updated"),
        ("actor_ids[]", "admkey_1"),
        ("actor_emails[]", "ada@example.com"),
        ("project_ids[]", "proj_1"),
        ("resource_ids[]", "key_1"),
        ("outcome", "success"),
        ("ip", "192.0.2.7"),
        ("request_id", "req_1"),
        ("search", "x y"),
        ("effective_at[gte]", "1799956800"),
        ("effective_at[lt]", "1801353600"),
        ("limit", "5"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        seen.output,
        "TIME                  TYPE             OUTCOME  ACTOR            PROJECT  TARGETS  ID\n\
         2026-11-21 01:39:56Z  api_key.rotated  success  ada@example.com  Support  key_1    audit_1\n"
    );
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn an_export_is_passed_on_as_it_is() {
    let reply = raw(&format!("{CHUNKED}4\r\n{{}}\n{{\r\n2\r\n}}\n\r\n0\r\n\r\n"));
    let seen = keyward(&["audit", "export", "--type", "login.failed"]).replies(reply).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("GET {LOGS}/export?event_types%5B%5D=login.failed&format=jsonl")]);
    assert_eq!((seen.output.as_str(), seen.errors.as_str()), ("{}\n{}\n", ""));
}

#[tokio::test]
async fn an_export_fills_a_file_or_leaves_it_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.csv");
    let export = ["audit", "export", "--format", "csv", "--output", file.to_str().unwrap()];
    let seen = keyward(&export).replies(raw(&format!("{CHUNKED}4\r\nid\r\n\r\n0\r\n\r\n"))).run().await;
    seen.assert_done();
    assert_eq!(seen.output, "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "id\r\n");

    let cut_off = keyward(&export).replies(raw(&format!("{CHUNKED}9\r\nid,type\r\n"))).run().await;
    assert_eq!(cut_off.exit, Exit::Refused);
    assert!(cut_off.errors.contains("isn't whole"), "{}", cut_off.errors);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "id\r\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
