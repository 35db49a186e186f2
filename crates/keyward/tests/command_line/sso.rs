use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn provider() -> Value {
    json!({"object": "organization.sso_provider", "id": "sso_1", "name": "Main", "issuer": "https://login.example.com",
        "client_id": "keyward", "redacted_value": "abc...xyz", "scopes": ["openid", "email"],
        "mappings": [{"claim": "groups", "value": "staff", "role_id": "role_1", "project_id": "proj_1"}],
        "creates_members": false, "enabled": true, "redirect_uri": "https://k.example/v1/auth/sso/callback/org_1",
        "sign_in_url": "https://k.example/v1/auth/sso/sso_1/start", "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "version": 1})
}

#[tokio::test]
async fn providers_are_listed_and_shown() {
    let page =
        json!({"object": "list", "data": [provider()], "first_id": "sso_1", "last_id": "sso_1", "has_more": false});
    let seen = keyward(&["sso", "list"]).replies(ok(&page)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/sso_providers"]);
    assert_eq!(
        seen.output,
        "ID     NAME  ISSUER                     ENABLED  CREATES MEMBERS  MAPPINGS\n\
         sso_1  Main  https://login.example.com  yes      no                      1\n"
    );
    let shown = keyward(&["sso", "show", "sso_1"]).replies(ok(provider())).run().await;
    assert!(shown.output.contains("groups=staff=role_1@proj_1\n"), "{}", shown.output);
}

#[tokio::test]
async fn a_provider_is_connected_with_a_secret_that_no_flag_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "client-secret-1234\n").unwrap();
    let seen = keyward(&[
        "sso",
        "create",
        "Main",
        "--issuer",
        "https://login.example.com",
        "--client-id",
        "keyward",
        "--client-secret-file",
        file.to_str().unwrap(),
        "--scopes",
        "openid,groups",
        "--map",
        "groups=a=b=group_1",
        "--creates-members",
        "true",
    ])
    .replies(ok(provider()))
    .run()
    .await;
    seen.assert_done();
    assert_eq!(
        seen.requests[0].json(),
        json!({"name": "Main", "issuer": "https://login.example.com", "client_id": "keyward",
            "client_secret": "client-secret-1234", "scopes": ["openid", "groups"], "creates_members": true,
            "mappings": [{"claim": "groups", "value": "a=b", "group_id": "group_1"}]})
    );
    assert!(!(seen.output + &seen.errors).contains("client-secret-1234"));
    assert!(!is_accepted(&["sso", "create", "Main", "--issuer", "x", "--client-id", "y", "--client-secret", "z"]));
}

#[tokio::test]
async fn a_provider_is_changed_tested_and_disconnected() {
    let update = ["sso", "update", "sso_1", "--enabled", "false", "--no-mappings", "--no-client-secret"];
    let changed = keyward(&update).replies(ok(provider())).run().await;
    changed.assert_done();
    assert_eq!(changed.requests[0].json(), json!({"enabled": false, "mappings": [], "client_secret": null}));

    let tested = json!({"object": "organization.sso_provider.test", "sso_provider_id": "sso_1",
        "authorization_endpoint": "https://l.example/authorize", "token_endpoint": "https://l.example/token",
        "userinfo_endpoint": null, "signing_algorithms": ["RS256"], "keys": 2, "redirect_uri": "https://k.example/x"});
    let seen = keyward(&["sso", "test", "sso_1"]).replies(ok(tested)).run().await;
    assert_eq!(seen.lines(), ["POST /v1/organization/sso_providers/sso_1/test"]);
    assert!(seen.output.contains("signatures              RS256\n"), "{}", seen.output);

    let gone = json!({"object": "organization.sso_provider.deleted", "id": "sso_1", "deleted": true});
    let seen = keyward(&["sso", "delete", "sso_1"]).person_types("y\n").replies(ok(provider())).replies(ok(gone));
    let seen = seen.run().await;
    seen.assert_done();
    assert!(seen.errors.starts_with("Disconnect Main (https://login.example.com, sso_1): "), "{}", seen.errors);
}
