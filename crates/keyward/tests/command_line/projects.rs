use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{ADMIN_KEY, is_accepted, keyward, ok};

fn project(id: &str, name: &str) -> Value {
    json!({"object": "organization.project", "id": id, "name": name, "description": "", "status": "active",
        "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "archived_at": null, "model_permissions": null,
        "api_keys": {"total": 12, "active": 3}, "version": 1})
}

fn page(data: &[Value], has_more: bool) -> Value {
    let id = |thing: Option<&Value>| thing.map(|thing| thing["id"].clone());
    json!({"object": "list", "data": data, "first_id": id(data.first()), "last_id": id(data.last()), "has_more": has_more})
}

#[tokio::test]
async fn a_list_is_a_table_for_people() {
    let reply = page(&[project("proj_2", "Support"), project("proj_1", "A\u{1b}[2Jb")], true);
    let seen = keyward(&["projects", "list", "--limit", "2", "--search", "a b&c"]).replies(ok(reply)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/projects?search=a+b%26c&limit=2"]);
    assert!(seen.requests[0].head.contains(&format!("authorization: Bearer {ADMIN_KEY}\r\n")));
    assert_eq!(
        seen.output,
        "ID      NAME         STATUS  KEYS  ACTIVE  CREATED\n\
         proj_2  Support      active    12       3  2026-11-21 01:39:56Z\n\
         proj_1  A\\u{1b}[2Jb  active    12       3  2026-11-21 01:39:56Z\n"
    );
    assert_eq!(seen.errors, "More follow: --all shows them, --after proj_1 the next.\n");
}

#[tokio::test]
async fn with_json_the_answer_stands_alone_on_standard_output_as_it_came() {
    let body = r#"{"object":"list", "data":[{"id":"proj_1","new":1.50}],"first_id":"proj_1","last_id":"proj_1","has_more":true}"#;
    let seen = keyward(&["projects", "list", "--json"]).replies(ok(body)).run().await;
    seen.assert_done();
    assert_eq!(seen.output, format!("{body}\n"));
    assert_eq!(seen.errors, "");
}

#[tokio::test]
async fn all_pages_become_one_object() {
    let seen = keyward(&["projects", "list", "--all", "--status", "all", "--json"])
        .replies(ok(
            r#"{"object":"list","data":[{"id":"p3","b":1,"a":2}],"first_id":"p3","last_id":"p3","has_more":true}"#,
        ))
        .replies(ok(r#"{"object":"list","data":[{"id":"p2"}],"first_id":"p2","last_id":"p2","has_more":true}"#))
        .replies(ok(r#"{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}"#))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(
        seen.lines(),
        [
            "GET /v1/organization/projects?include_archived=true&limit=100",
            "GET /v1/organization/projects?include_archived=true&limit=100&after=p3",
            "GET /v1/organization/projects?include_archived=true&limit=100&after=p2",
        ]
    );
    assert_eq!(
        seen.output,
        "{\"object\":\"list\",\"data\":[{\"id\":\"p3\",\"b\":1,\"a\":2},{\"id\":\"p2\"}],\"first_id\":\"p3\",\"last_id\":\"p2\",\"has_more\":false}\n"
    );
}

#[tokio::test]
async fn a_server_that_never_ends_its_list_is_given_up() {
    let same = || ok(page(&[project("proj_1", "A")], true));
    let seen = keyward(&["projects", "list", "--all"]).replies(same()).replies(same()).run().await;
    assert_eq!((seen.exit, seen.output.as_str()), (Exit::Refused, ""));
    assert!(seen.errors.contains("the same page"), "{}", seen.errors);
}

#[tokio::test]
async fn a_project_is_created_with_its_first_credential() {
    let seen = keyward(&[
        "projects",
        "create",
        "Support",
        "--description",
        "Bots",
        "--allow-models",
        "gpt-4o*,o3",
        "--provider",
        "openai",
        "--api-key-stdin",
        "--base-url",
        "https://eu.example.com/v1",
        "--credential-name",
        "EU",
    ])
    .input("sk-abcdefgh12345678\n")
    .replies(ok(project("proj_1", "Support")))
    .run()
    .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects"]);
    assert!(seen.requests[0].head.contains("content-type: application/json\r\n"));
    assert_eq!(
        seen.requests[0].json(),
        json!({"name": "Support", "description": "Bots",
            "model_permissions": {"mode": "allow_list", "model_ids": ["gpt-4o*", "o3"]},
            "credential": {"provider": "openai", "name": "EU", "api_key": "sk-abcdefgh12345678",
                "base_url": "https://eu.example.com/v1"}})
    );
    assert!(seen.output.starts_with("id           proj_1\nname         Support\n"), "{}", seen.output);
    assert!(!seen.output.contains("sk-abcdefgh") && !seen.errors.contains("sk-abcdefgh"));
}

#[tokio::test]
async fn a_secret_without_a_provider_is_not_sent() {
    let seen = keyward(&["projects", "create", "Support", "--api-key-stdin"]).input("sk-1234567890\n").run().await;
    assert_eq!((seen.exit, seen.requests.len()), (Exit::Usage, 0));
    assert!(seen.errors.contains("--provider"), "{}", seen.errors);
}

#[tokio::test]
async fn only_what_is_named_changes() {
    let seen = keyward(&["projects", "update", "proj_1", "--all-models", "--name", "New"])
        .replies(ok(project("proj_1", "New")))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1"]);
    assert_eq!(seen.requests[0].json(), json!({"name": "New", "model_permissions": null}));

    let nothing = keyward(&["projects", "update", "proj_1"]).run().await;
    assert_eq!((nothing.exit, nothing.requests.len()), (Exit::Usage, 0));
    assert!(!is_accepted(&["projects", "update", "proj_1", "--all-models", "--allow-models", "o3"]));
    assert!(!is_accepted(&["projects", "update", "proj_1", "--deny-models", "o1", "--allow-models", "o3"]));
}

#[tokio::test]
async fn archiving_asks_for_the_name() {
    let archive = ["projects", "archive", "proj_1", "--revoke-api-keys"];
    let seen = keyward(&archive)
        .person_types("Support\n")
        .replies(ok(project("proj_1", "Support")))
        .replies(ok(project("proj_1", "Support")))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/projects/proj_1", "POST /v1/organization/projects/proj_1/archive"]);
    assert_eq!(seen.requests[1].json(), json!({"revoke_api_keys": true}));
    assert!(seen.errors.contains("Type its name (Support)"), "{}", seen.errors);

    for answer in ["y\n", "support\n", "\n", ""] {
        let seen = keyward(&archive).person_types(answer).replies(ok(project("proj_1", "Support"))).run().await;
        assert_eq!((seen.exit, seen.requests.len()), (Exit::Refused, 1), "{answer:?}");
        assert!(seen.errors.ends_with("keyward: Called off: nothing was changed.\n"), "{}", seen.errors);
    }
}

#[tokio::test]
async fn without_a_terminal_archiving_wants_yes() {
    let seen = keyward(&["projects", "archive", "proj_1"]).input("Support\n").run().await;
    assert_eq!((seen.exit, seen.requests.len()), (Exit::Usage, 0));
    assert!(seen.errors.contains("--yes"), "{}", seen.errors);

    let seen =
        keyward(&["projects", "archive", "proj_1", "--yes"]).replies(ok(project("proj_1", "Support"))).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1/archive"]);
    assert_eq!(seen.requests[0].json(), json!({}));
}

#[tokio::test]
async fn activating_needs_no_question() {
    let seen = keyward(&["projects", "activate", "proj_1"]).replies(ok(project("proj_1", "Support"))).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1/activate"]);
}
