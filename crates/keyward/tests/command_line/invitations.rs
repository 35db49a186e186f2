use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn invitation() -> Value {
    json!({"object": "organization.invite", "id": "invite_1", "email": "ada@example.com", "role": "reader",
        "status": "expired", "ended_as": "declined", "created_at": 1_795_225_196, "expires_at": 1_795_225_200,
        "accepted_at": null, "projects": [{"id": "proj_1", "role": "owner"}],
        "invited_by": {"object": "organization.user", "id": "user_1", "name": "Bob", "email": "bob@example.com"}})
}

#[tokio::test]
async fn invitations_are_listed_with_how_they_ended() {
    let page = json!({"object": "list", "data": [invitation()], "first_id": "invite_1", "last_id": "invite_1", "has_more": false});
    let seen = keyward(&["invitations", "list", "--limit", "5"]).replies(ok(page)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/invites?limit=5"]);
    assert_eq!(
        seen.output,
        "ID        E-MAIL           ROLE    STATUS    INVITED BY       CREATED               EXPIRES\n\
         invite_1  ada@example.com  reader  declined  bob@example.com  2026-11-21 01:39:56Z  2026-11-21 01:40:00Z\n"
    );
}

#[tokio::test]
async fn an_invitation_names_its_roles_and_shows_its_link_if_there_is_one() {
    let mut sent = invitation();
    sent["url"] = "https://keyward.example.com/invitation/secret".into();
    let arguments = ["invitations", "create", "ada@example.com", "--project", "proj_1:owner,proj_2"];
    let seen = keyward(&arguments).replies(ok(&sent)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/invites"]);
    let projects = json!([{"id": "proj_1", "role": "owner"}, {"id": "proj_2", "role": "member"}]);
    assert_eq!(seen.requests[0].json(), json!({"email": "ada@example.com", "role": "reader", "projects": projects}));
    assert!(seen.output.contains("project     proj_1 (owner)\n"), "{}", seen.output);
    assert!(seen.output.ends_with("link        https://keyward.example.com/invitation/secret\n"), "{}", seen.output);

    let seen = keyward(&["invitations", "resend", "invite_1"]).replies(ok(invitation())).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/invites/invite_1/resend"]);
    assert!(!seen.output.contains("link"), "{}", seen.output);
    for wrong in ["proj_1:admin", "a/b", ":owner"] {
        assert!(!is_accepted(&["invitations", "create", "a@example.com", "--project", wrong]), "{wrong}");
    }
}

#[tokio::test]
async fn an_invitation_is_withdrawn_after_asking() {
    let revoke = ["invitations", "revoke", "invite_1"];
    let seen = keyward(&revoke).person_types("y\n").replies(ok(invitation())).replies(ok("{}")).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/invites/invite_1", "DELETE /v1/organization/invites/invite_1"]);
    assert!(seen.errors.contains("ada@example.com"), "{}", seen.errors);
}
