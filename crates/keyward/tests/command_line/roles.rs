//! `keyward roles`.

use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn role() -> Value {
    json!({"object": "role", "id": "role_1", "name": "Key maker", "description": "Makes keys",
        "permissions": ["api_keys:read", "api_keys:create"], "resource_type": "api.project",
        "predefined_role": false, "project_id": "proj_1", "created_at": 1_795_225_196, "updated_at": 1_795_225_196,
        "version": 1})
}

#[tokio::test]
async fn roles_are_a_table_and_one_shows_what_it_holds() {
    let list = json!({"object": "list", "data": [role()], "has_more": false, "next": null});
    let seen = keyward(&["roles", "list"]).replies(ok(list)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/roles"]);
    assert_eq!(
        seen.output,
        "ID      NAME       KIND    PERMISSIONS  DESCRIPTION\nrole_1  Key maker  custom            2  Makes keys\n"
    );
    let seen = keyward(&["roles", "show", "role_1", "--project", "proj_1"]).replies(ok(role())).run().await;
    assert_eq!(seen.lines(), ["GET /v1/projects/proj_1/roles/role_1"]);
    assert!(seen.output.ends_with("permissions  api_keys:read, api_keys:create\n"), "{}", seen.output);
}

#[tokio::test]
async fn all_pages_follow_what_the_server_calls_next() {
    let page = |id: &str, next: Value| json!({"object": "list", "data": [{"id": id}], "has_more": !next.is_null(), "next": next});
    let seen = keyward(&["roles", "list", "--all", "--json"])
        .replies(ok(page("a", json!("a"))))
        .replies(ok(page("b", Value::Null)))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/roles?limit=100", "GET /v1/organization/roles?limit=100&after=a"]);
    let whole: Value = serde_json::from_str(&seen.output).unwrap();
    assert_eq!(whole, json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}], "has_more": false, "next": null}));
}

#[tokio::test]
async fn roles_are_made_changed_and_deleted() {
    let create =
        ["roles", "create", "Key maker", "--permissions", "api_keys:read,api_keys:create", "--description", "x"];
    let seen = keyward(&create).replies(ok(role())).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/roles"]);
    let body =
        json!({"role_name": "Key maker", "permissions": ["api_keys:read", "api_keys:create"], "description": "x"});
    assert_eq!(seen.requests[0].json(), body);
    assert!(!is_accepted(&["roles", "create", "X", "--permissions", "api_keys:eat"]));
    assert!(!is_accepted(&["roles", "create", "X"]));

    let update = ["roles", "update", "role_1", "--project", "proj_1", "--permissions", "llm:invoke"];
    let seen = keyward(&update).replies(ok(role())).run().await;
    assert_eq!(seen.lines(), ["POST /v1/projects/proj_1/roles/role_1"]);
    assert_eq!(seen.requests[0].json(), json!({"permissions": ["llm:invoke"]}));

    let delete = ["roles", "delete", "role_1", "--replacement", "role_2", "--yes"];
    let seen = keyward(&delete).replies(ok("{}")).run().await;
    assert_eq!(seen.lines(), ["DELETE /v1/organization/roles/role_1?replacement_role_id=role_2"]);
}

#[tokio::test]
async fn roles_are_given_taken_and_listed_by_who_holds_them() {
    let given = json!({"object": "user.role", "user": {"id": "user_1", "name": "Ada"}, "role": role()});
    let seen = keyward(&["roles", "assign", "role_1", "--user", "user_1"]).replies(ok(given)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/users/user_1/roles"]);
    assert_eq!(seen.requests[0].json(), json!({"role_id": "role_1"}));
    assert_eq!(seen.output, "role    Key maker (role_1)\nholder  Ada (user_1)\n");

    let unassign = ["roles", "unassign", "role_1", "--group", "group_1", "--project", "proj_1"];
    let seen = keyward(&unassign).replies(ok("{}")).run().await;
    assert_eq!(seen.lines(), ["DELETE /v1/projects/proj_1/groups/group_1/roles/role_1"]);
    assert!(!is_accepted(&["roles", "assign", "role_1"]));
    assert!(!is_accepted(&["roles", "assign", "role_1", "--user", "user_1", "--group", "group_1"]));

    let mut held = role();
    held["assignment_sources"] = json!([{"principal_type": "group", "principal_id": "group_1"}]);
    let list = json!({"object": "list", "data": [held], "has_more": false, "next": null});
    let seen = keyward(&["roles", "held", "--user", "user_1"]).replies(ok(list)).run().await;
    assert_eq!(seen.lines(), ["GET /v1/organization/users/user_1/roles"]);
    assert_eq!(seen.output, "ID      NAME       GIVEN TO\nrole_1  Key maker  group group_1\n");
}
