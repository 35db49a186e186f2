use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn alias() -> Value {
    json!({"object": "organization.project.model_alias", "id": "alias_1", "name": "smart", "targets": [
        {"model": "openai/gpt-4o", "credential_id": null, "priority": 0, "weight": 3},
        {"model": "claude", "credential_id": "cred_1", "priority": 1, "weight": 1}],
        "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "version": 1})
}

#[tokio::test]
async fn targets_are_written_as_they_are_shown() {
    let seen = keyward(&[
        "model-aliases",
        "create",
        "smart",
        "--project",
        "proj_1",
        "--target",
        "openai/gpt-4o,weight=3",
        "--target",
        "claude,priority=1,credential=cred_1",
    ])
    .replies(ok(alias()))
    .run()
    .await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1/model_aliases"]);
    assert_eq!(
        seen.requests[0].json(),
        json!({"name": "smart", "targets": [{"model": "openai/gpt-4o", "weight": 3},
            {"model": "claude", "priority": 1, "credential_id": "cred_1"}]})
    );
    assert!(seen.output.contains("openai/gpt-4o,weight=3, claude,priority=1,credential=cred_1"), "{}", seen.output);

    let page =
        json!({"object": "list", "data": [alias()], "first_id": "alias_1", "last_id": "alias_1", "has_more": false});
    let listed = keyward(&["model-aliases", "list", "--project", "proj_1"]).replies(ok(&page)).run().await;
    listed.assert_done();
    assert!(listed.output.contains("openai/gpt-4o,weight=3 claude,priority=1,credential=cred_1"), "{}", listed.output);
}

#[tokio::test]
async fn an_alias_is_changed_and_deleted() {
    let update = keyward(&["model-aliases", "update", "alias_1", "--project", "proj_1", "--name", "smarter"]);
    let seen = update.replies(ok(alias())).run().await;
    seen.assert_done();
    assert_eq!(seen.requests[0].json(), json!({"name": "smarter"}));
    let delete = keyward(&["model-aliases", "delete", "alias_1", "--project", "proj_1"]).person_types("YES\n");
    let gone = json!({"object": "organization.project.model_alias.deleted", "id": "alias_1", "deleted": true});
    let seen = delete.replies(ok(alias())).replies(ok(gone)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines().last().copied(), Some("DELETE /v1/organization/projects/proj_1/model_aliases/alias_1"));
}

#[test]
fn what_is_no_target_is_wrong_usage() {
    let create = |target| is_accepted(&["model-aliases", "create", "x", "--project", "proj_1", "--target", target]);
    assert!(create("gpt-4o") && create("gpt-4o,priority=-1"));
    assert!(!create("gpt-4o,weight=many") && !create("gpt-4o,fast"));
    assert!(!is_accepted(&["model-aliases", "create", "x", "--project", "proj_1"]));
    assert!(!is_accepted(&["model-aliases", "show", "alias_1"]));
}
