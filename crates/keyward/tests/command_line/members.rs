//! `keyward members` and `keyward groups`.

use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn member() -> Value {
    json!({"object": "organization.user", "id": "user_1", "name": "Ada", "email": "ada@example.com", "role": "owner",
        "added_at": 1_795_225_196, "disabled_at": null, "second_factor": true, "api_key_last_used_at": null,
        "projects": {"object": "list", "data": [{"id": "proj_1", "name": "Support", "role": "member"}]}})
}

fn page(thing: &Value) -> Value {
    json!({"object": "list", "data": [thing], "first_id": "user_1", "last_id": "user_1", "has_more": false})
}

#[tokio::test]
async fn members_are_a_table_and_one_has_its_projects() {
    let seen = keyward(&["members", "list", "--email", "ada@example.com", "--email", "b@example.com"])
        .replies(ok(page(&member())))
        .run()
        .await;
    seen.assert_done();
    let expected = "GET /v1/organization/users?emails%5B%5D=ada%40example.com&emails%5B%5D=b%40example.com";
    assert_eq!(seen.lines(), [expected]);
    assert_eq!(
        seen.output,
        "ID      EMAIL            NAME  ROLE   STATUS  2FA  ADDED\n\
         user_1  ada@example.com  Ada   owner  active  yes  2026-11-21 01:39:56Z\n"
    );
    let seen = keyward(&["members", "show", "user_1"]).replies(ok(member())).run().await;
    assert!(seen.output.contains("project        Support (member)\n"), "{}", seen.output);
}

#[tokio::test]
async fn a_members_role_and_state_are_changed() {
    for (arguments, body) in [
        (&["--role", "reader"][..], json!({"role": "reader"})),
        (&["--disable"], json!({"disabled": true})),
        (&["--enable", "--role", "role_1"], json!({"disabled": false, "role": "role_1"})),
    ] {
        let line = [&["members", "update", "user_1"], arguments].concat();
        let seen = keyward(&line).replies(ok(member())).run().await;
        seen.assert_done();
        assert_eq!(seen.lines(), ["POST /v1/organization/users/user_1"]);
        assert_eq!(seen.requests[0].json(), body);
    }
    assert!(!is_accepted(&["members", "update", "user_1", "--disable", "--enable"]));
    assert!(!is_accepted(&["members", "update", "user_1", "--disable", "--project", "proj_1"]));
}

#[tokio::test]
async fn removing_says_what_is_left_behind() {
    let gone = json!({"object": "organization.user.deleted", "id": "user_1", "deleted": true,
        "created_api_keys": [{"id": "key_1", "name": "CI", "project_id": "proj_1"}], "created_api_key_count": 1});
    let seen = keyward(&["members", "remove", "user_1"])
        .person_types("y\n")
        .replies(ok(member()))
        .replies(ok(&gone))
        .run()
        .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/users/user_1", "DELETE /v1/organization/users/user_1"]);
    assert!(seen.errors.contains("Remove ada@example.com (user_1)"), "{}", seen.errors);
    assert!(seen.errors.ends_with("API keys that they made and that go on working: 1. --json names them.\n"));

    let seen = keyward(&["members", "remove", "user_1", "--yes", "--json"]).replies(ok(&gone)).run().await;
    assert_eq!(serde_json::from_str::<Value>(&seen.output).unwrap(), gone);
}

#[tokio::test]
async fn a_projects_members_are_added_listed_changed_and_taken_out() {
    let member = json!({"object": "organization.project.user", "id": "user_1", "name": "Ada",
        "email": "ada@example.com", "role": "viewer", "added_at": 1_795_225_196});
    let of_project = ["--project", "proj_1"];
    for (arguments, line, body) in [
        (
            &["add", "ada@example.com", "--role", "viewer"][..],
            "POST",
            json!({"email": "ada@example.com", "role": "viewer"}),
        ),
        (&["add", "user_1", "--role", "viewer"], "POST", json!({"user_id": "user_1", "role": "viewer"})),
        (&["update", "user_1", "--role", "owner"], "POST /user_1", json!({"role": "owner"})),
        (&["show", "user_1"], "GET /user_1", Value::Null),
        (&["remove", "user_1", "--yes"], "DELETE /user_1", Value::Null),
    ] {
        let arguments = [&["members"], arguments, &of_project].concat();
        let seen = keyward(&arguments).replies(ok(&member)).run().await;
        seen.assert_done();
        let (method, id) = line.split_once(' ').unwrap_or((line, ""));
        assert_eq!(seen.lines(), [format!("{method} /v1/organization/projects/proj_1/users{id}")]);
        if !body.is_null() {
            assert_eq!(seen.requests[0].json(), body);
        }
    }
    let seen = keyward(&["members", "list", "--project", "proj_1"]).replies(ok(page(&member))).run().await;
    assert_eq!(
        seen.output,
        "ID      EMAIL            NAME  ROLE    ADDED\nuser_1  ada@example.com  Ada   viewer  2026-11-21 01:39:56Z\n"
    );
}

#[tokio::test]
async fn groups_are_kept_and_filled() {
    let group = json!({"object": "group", "id": "group_1", "name": "Operators", "created_at": 1_795_225_196});
    let added = json!({"object": "group.user", "user_id": "user_1", "group_id": "group_1"});
    for (arguments, line, answer, body) in [
        (&["create", "Operators"][..], "POST /v1/organization/groups", &group, json!({"name": "Operators"})),
        (&["rename", "group_1", "Ops"], "POST /v1/organization/groups/group_1", &group, json!({"name": "Ops"})),
        (&["show", "group_1"], "GET /v1/organization/groups/group_1", &group, Value::Null),
        (&["delete", "group_1", "--yes"], "DELETE /v1/organization/groups/group_1", &group, Value::Null),
        (
            &["add", "group_1", "user_1"],
            "POST /v1/organization/groups/group_1/users",
            &added,
            json!({"user_id": "user_1"}),
        ),
        (&["remove", "group_1", "user_1"], "DELETE /v1/organization/groups/group_1/users/user_1", &added, Value::Null),
    ] {
        let seen = keyward(&[&["groups"], arguments].concat()).replies(ok(answer)).run().await;
        seen.assert_done();
        assert_eq!(seen.lines(), [line]);
        if !body.is_null() {
            assert_eq!(seen.requests[0].json(), body);
        }
    }
    let member = json!({"id": "user_1", "name": "Ada", "email": "ada@example.com"});
    let list = json!({"object": "list", "data": [member], "has_more": true, "next": "user_1"});
    let seen = keyward(&["groups", "members", "group_1", "--limit", "1"]).replies(ok(list)).run().await;
    assert_eq!(seen.output, "ID      EMAIL            NAME\nuser_1  ada@example.com  Ada\n");
    assert_eq!(seen.errors, "More follow: --all shows them, --after user_1 the next.\n");
}
