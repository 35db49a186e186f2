use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn credential() -> Value {
    json!({"object": "organization.project.credential", "id": "cred_1", "provider": "openai", "name": "Main",
        "base_url": null, "redacted_value": "sk-abcd...5678", "aliases": {"fast": "gpt-4o-mini"}, "priority": 5, "weight": 1,
        "inherited": true, "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "last_used_at": null, "version": 1})
}

#[tokio::test]
async fn credentials_belong_to_the_organization_unless_a_project_is_named() {
    let page =
        json!({"object": "list", "data": [credential()], "first_id": "cred_1", "last_id": "cred_1", "has_more": false});
    let own = keyward(&["credentials", "list"]).replies(ok(&page)).run().await;
    own.assert_done();
    assert_eq!(own.lines(), ["GET /v1/organization/credentials"]);
    assert_eq!(
        own.output,
        "ID      PROVIDER  NAME  SECRET          BASE URL  PRIORITY  WEIGHT  INHERITED  LAST USED\n\
         cred_1  openai    Main  sk-abcd...5678  -                5       1  yes        never\n"
    );
    let of_project = keyward(&["credentials", "list", "--project", "proj_1"]).replies(ok(&page)).run().await;
    assert_eq!(of_project.lines(), ["GET /v1/organization/projects/proj_1/credentials"]);
}

#[tokio::test]
async fn a_secret_is_read_from_a_file_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "sk-abcdefgh12345678\n").unwrap();
    let seen = keyward(&[
        "credentials",
        "create",
        "--provider",
        "openai",
        "--name",
        "Main",
        "--api-key-file",
        file.to_str().unwrap(),
        "--alias",
        "fast=gpt-4o-mini",
        "--priority",
        "-1",
        "--weight",
        "3",
    ])
    .replies(ok(credential()))
    .run()
    .await;
    seen.assert_done();
    assert_eq!(
        seen.requests[0].json(),
        json!({"provider": "openai", "name": "Main", "api_key": "sk-abcdefgh12345678",
            "aliases": {"fast": "gpt-4o-mini"}, "priority": -1, "weight": 3})
    );
    assert!(seen.output.contains("aliases    fast=gpt-4o-mini\n"), "{}", seen.output);
    assert!(!(seen.output + &seen.errors).contains("sk-abcdefgh"));
}

#[tokio::test]
async fn a_secret_is_replaced_from_standard_input() {
    let seen = keyward(&["credentials", "update", "cred_1", "--project", "proj_1", "--api-key-stdin", "--no-base-url"])
        .person_types("sk-abcdefgh87654321\r\n")
        .replies(ok(credential()))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1/credentials/cred_1"]);
    assert_eq!(seen.requests[0].json(), json!({"api_key": "sk-abcdefgh87654321", "base_url": null}));
    assert!(seen.errors.contains("Paste the provider's secret") && !seen.errors.contains("sk-abcdefgh"));
}

#[tokio::test]
async fn a_secret_can_be_taken_away() {
    let seen = keyward(&["credentials", "update", "cred_1", "--no-api-key"]).replies(ok(credential())).run().await;
    seen.assert_done();
    assert_eq!(seen.requests[0].json(), json!({"api_key": null}));
}

#[tokio::test]
async fn a_secret_that_is_missing_is_wrong_usage() {
    let empty = keyward(&["credentials", "update", "cred_1", "--api-key-stdin"]).run().await;
    assert_eq!((empty.exit, empty.requests.len()), (Exit::Usage, 0));
    let nowhere = keyward(&["credentials", "update", "cred_1", "--api-key-file", "/nowhere/at/all"]).run().await;
    assert_eq!((nowhere.exit, nowhere.requests.len()), (Exit::Usage, 0));
    assert!(nowhere.errors.contains("/nowhere/at/all"), "{}", nowhere.errors);
}

#[test]
fn a_secret_cannot_be_given_as_a_flags_value() {
    assert!(!is_accepted(&["credentials", "create", "--provider", "openai", "--api-key", "sk-abcdefgh12345678"]));
    assert!(!is_accepted(&["credentials", "create", "--provider", "openai", "--api-key-stdin", "--api-key-file", "x"]));
    assert!(!is_accepted(&["credentials", "create", "--provider", "nobody", "--api-key-stdin"]));
    assert!(!is_accepted(&["projects", "list", "--admin-key", "sk-admin-x"]));
}

#[tokio::test]
async fn deleting_names_the_credential_in_the_question() {
    let gone = json!({"object": "organization.project.credential.deleted", "id": "cred_1", "deleted": true});
    let seen = keyward(&["credentials", "delete", "cred_1"])
        .person_types("YES\n")
        .replies(ok(credential()))
        .replies(ok(gone))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/credentials/cred_1", "DELETE /v1/organization/credentials/cred_1"]);
    assert!(seen.errors.starts_with("Delete the credential Main of openai (cred_1): "), "{}", seen.errors);
}

#[tokio::test]
async fn a_test_shows_the_providers_models() {
    let tested = json!({"object": "organization.project.credential.test", "credential_id": "cred_1", "models": ["gpt-4o", "o3"]});
    let seen = keyward(&["credentials", "test", "cred_1"]).replies(ok(tested)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/credentials/cred_1/test"]);
    assert!(seen.output.contains("gpt-4o, o3"), "{}", seen.output);
}
