use serde_json::{Value, json};

use crate::support::{keyward, ok};

fn admin_key() -> Value {
    json!({"object": "organization.admin_api_key", "id": "admkey_1", "name": "Terraform",
        "redacted_value": "sk-admin-...wxyz", "created_at": 1_795_225_196, "expires_at": 1_795_225_200,
        "last_used_at": null, "owner": {"type": "user", "object": "organization.user", "id": "user_1", "name": "Ada"}})
}

#[tokio::test]
async fn admin_keys_are_listed_with_their_owners() {
    let page = json!({"object": "list", "data": [admin_key()], "first_id": "admkey_1", "last_id": "admkey_1", "has_more": false});
    let seen = keyward(&["admin-keys", "list", "--after", "admkey_0"]).replies(ok(page)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/admin_api_keys?after=admkey_0"]);
    assert_eq!(
        seen.output,
        "ID        NAME       KEY               OWNER  CREATED               EXPIRES               LAST USED\n\
         admkey_1  Terraform  sk-admin-...wxyz  Ada    2026-11-21 01:39:56Z  2026-11-21 01:40:00Z  never\n"
    );
}

#[tokio::test]
async fn a_new_admin_key_is_shown_once_and_deleted_for_good() {
    let mut revealed = admin_key();
    revealed["value"] = "sk-admin-secret".into();
    let seen = keyward(&["admin-keys", "create", "Terraform", "--expires-in", "30d"]).replies(ok(revealed)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/admin_api_keys"]);
    assert_eq!(seen.requests[0].json(), json!({"name": "Terraform", "expires_in_seconds": 2_592_000}));
    assert!(seen.output.ends_with("value      sk-admin-secret\n"), "{}", seen.output);

    let seen = keyward(&["admin-keys", "delete", "admkey_1", "--yes"]).replies(ok("{}")).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["DELETE /v1/organization/admin_api_keys/admkey_1"]);
}
