use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{keyward, ok};

const KEYS: &str = "/v1/organization/projects/proj_1/api_keys";
const SECRET: &str = "sk-project-0000000000000000000000000000000000000000000abcdef";

fn key(name: &str) -> Value {
    json!({"object": "organization.project.api_key", "id": "key_1", "name": name,
        "redacted_value": "sk-project-...cdef", "status": "active",
        "owner": {"type": "user", "user": {"id": "user_1", "name": "Ada", "email": "ada@example.com"}},
        "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "expires_at": null,
        "last_used_at": 1_795_225_200, "last_used_ip": "192.0.2.7", "max_requests": null,
        "request_count": 7, "cached_count": 0,
        "usage": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "cost": null},
        "scopes": [], "allowed_models": [], "allowed_ips": [], "allowed_origins": [], "require_origin": false,
        "environment": null, "metadata": {"team": "ops"}, "version": 1})
}

fn revealed() -> Value {
    let mut key = key("CI");
    key["value"] = SECRET.into();
    key
}

#[tokio::test]
async fn a_key_without_cap_or_end_is_shown_so() {
    let page =
        json!({"object": "list", "data": [key("CI")], "first_id": "key_1", "last_id": "key_1", "has_more": false});
    let seen = keyward(&["keys", "list", "proj_1", "--status", "active"]).replies(ok(page)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("GET {KEYS}?status=active")]);
    assert_eq!(
        seen.output,
        "ID     NAME  STATUS  KEY                 REQUESTS  CAP  EXPIRES  LAST USED\n\
         key_1  CI    active  sk-project-...cdef         7    ∞  never    2026-11-21 01:40:00Z\n"
    );
}

#[tokio::test]
async fn an_empty_list_says_so_beside_the_output() {
    let page = json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false});
    let seen = keyward(&["keys", "list", "proj_1"]).replies(ok(page)).run().await;
    seen.assert_done();
    assert_eq!((seen.output.as_str(), seen.errors.as_str()), ("", "Nothing found.\n"));
}

#[tokio::test]
async fn keys_nobody_uses_are_found() {
    let page = json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false});
    let list = ["keys", "list", "proj_1", "--environment", "test", "--unused-since", "30d", "--search", "cdef"];
    let seen = keyward(&list).replies(ok(&page)).run().await;
    assert_eq!(seen.lines(), [format!("GET {KEYS}?search=cdef&environment=test&unused_since=1797408000")]);
    let seen = keyward(&["keys", "list", "proj_1", "--never-used"]).replies(ok(&page)).run().await;
    assert_eq!(seen.lines(), [format!("GET {KEYS}?never_used=true")]);
}

#[tokio::test]
async fn the_secret_of_a_new_key_is_shown_once() {
    let seen = keyward(&[
        "keys",
        "create",
        "proj_1",
        "CI",
        "--expires-in",
        "12h",
        "--max-requests",
        "100",
        "--preset",
        "gateway",
        "--allow-models",
        "gpt-4o*",
        "--allow-ips",
        "10.0.0.0/8,::1",
        "--allow-origins",
        "https://a.example",
        "--require-origin",
        "--environment",
        "production",
        "--metadata",
        "team=ops",
    ])
    .replies(ok(revealed()))
    .run()
    .await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("POST {KEYS}")]);
    assert_eq!(
        seen.requests[0].json(),
        json!({"name": "CI", "expires_in_seconds": 43_200, "max_requests": 100, "scopes": ["llm:invoke"],
            "allowed_models": ["gpt-4o*"], "allowed_ips": ["10.0.0.0/8", "::1"],
            "allowed_origins": ["https://a.example"], "require_origin": true, "environment": "production",
            "metadata": {"team": "ops"}})
    );
    assert_eq!(seen.output.matches(SECRET).count(), 1);
    assert!(seen.output.contains("requests     7 of ∞\n"), "{}", seen.output);
    assert!(seen.output.contains("created by   ada@example.com\n"), "{}", seen.output);
    assert!(seen.errors.contains("this once") && !seen.errors.contains(SECRET));
}

#[tokio::test]
async fn with_json_only_the_object_is_printed() {
    let seen = keyward(&["keys", "create", "proj_1", "CI", "--json"]).replies(ok(revealed())).run().await;
    seen.assert_done();
    assert_eq!(serde_json::from_str::<Value>(&seen.output).unwrap(), revealed());
    assert_eq!(seen.errors, "");
}

#[tokio::test]
async fn disabling_enabling_and_changing_name_only_their_fields() {
    for (arguments, body) in [
        (vec!["disable", "proj_1", "key_1"], json!({"status": "disabled"})),
        (vec!["enable", "proj_1", "key_1"], json!({"status": "active"})),
        (
            vec!["update", "proj_1", "key_1", "--name", "New", "--no-expiry", "--no-cap", "--preset", "full"],
            json!({"name": "New", "expires_at": null, "max_requests": null, "scopes": []}),
        ),
        (vec!["update", "proj_1", "key_1", "--expires-at", "2027-01-31"], json!({"expires_at": 1_801_353_600})),
    ] {
        let arguments: Vec<_> = std::iter::once("keys").chain(arguments).collect();
        let seen = keyward(&arguments).replies(ok(key("CI"))).run().await;
        seen.assert_done();
        assert_eq!(seen.lines(), [format!("POST {KEYS}/key_1")]);
        assert_eq!(seen.requests[0].json(), body);
    }
}

#[tokio::test]
async fn rotating_shows_the_new_secret_and_how_long_the_old_one_lasts() {
    let mut rotated = revealed();
    rotated["previous_secret"] =
        json!({"redacted_value": "sk-project-...wxyz", "expires_at": 1_795_228_796, "last_used_at": null});
    let seen = keyward(&["keys", "rotate", "proj_1", "key_1", "--overlap", "1h"]).replies(ok(rotated)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("POST {KEYS}/key_1/rotate")]);
    assert_eq!(seen.requests[0].json(), json!({"overlap_seconds": 3600}));
    assert!(seen.output.contains(SECRET));
    assert!(seen.output.contains("sk-project-...wxyz works until 2026-11-21 02:39:56Z, last used never"));
}

#[tokio::test]
async fn revoking_asks_first() {
    let seen = keyward(&["keys", "revoke", "proj_1", "key_1"])
        .person_types("y\n")
        .replies(ok(key("CI")))
        .replies(ok(key("CI")))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("GET {KEYS}/key_1"), format!("POST {KEYS}/key_1/revoke")]);
    assert!(seen.errors.starts_with("Revoke the API key CI (key_1): "), "{}", seen.errors);

    let hostile = key("CI\u{1b}[2K\rRevoke nothing");
    let seen = keyward(&["keys", "revoke", "proj_1", "key_1"]).person_types("n\n").replies(ok(hostile)).run().await;
    assert_eq!((seen.exit, seen.requests.len()), (Exit::Refused, 1));
    assert!(!seen.errors.contains('\u{1b}') && !seen.errors.contains('\r'), "{}", seen.errors);
}

#[tokio::test]
async fn what_cannot_be_undone_wants_yes_without_a_terminal() {
    for arguments in [
        vec!["keys", "revoke", "proj_1", "key_1"],
        vec!["keys", "delete", "proj_1", "key_1"],
        vec!["keys", "revoke-all", "proj_1"],
        vec!["credentials", "delete", "cred_1"],
        vec!["admin-keys", "delete", "admkey_1"],
    ] {
        let seen = keyward(&arguments).input("y\n").run().await;
        assert_eq!((seen.exit, seen.requests.len()), (Exit::Usage, 0), "{arguments:?}");
        assert!(seen.errors.contains("--yes"), "{}", seen.errors);
    }
}

#[tokio::test]
async fn revoking_all_says_how_many() {
    let counts = json!({"revoked": 3, "already_revoked": 1, "total": 4});
    let seen = keyward(&["keys", "revoke-all", "proj_1", "--yes"]).replies(ok(counts)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("POST {KEYS}/revoke_all")]);
    assert_eq!(seen.output, "revoked          3\nalready revoked  1\ntotal            4\n");
}

#[tokio::test]
async fn deleting_is_confirmed_beside_the_output() {
    let gone = json!({"object": "organization.project.api_key.deleted", "id": "key_1", "deleted": true});
    let seen = keyward(&["keys", "delete", "proj_1", "key_1", "-y"]).replies(ok(&gone)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), [format!("DELETE {KEYS}/key_1")]);
    assert_eq!((seen.output.as_str(), seen.errors.as_str()), ("", "Deleted key_1.\n"));

    let seen = keyward(&["keys", "delete", "proj_1", "key_1", "-y", "--json"]).replies(ok(&gone)).run().await;
    assert_eq!(seen.output, format!("{gone}\n"));
}
