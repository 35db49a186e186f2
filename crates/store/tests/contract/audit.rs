//! Appending to the audit log: the head moves with the event, and a place in
//! the chain is taken once.

use keyward_domain::{
    audit::{AuditActor, AuditEvent, CHAIN_START, Outcome},
    id::OrganizationId,
};
use keyward_store::{
    StoreError,
    audit::{self, ChainHead, EventKeys},
};

use crate::support::{Database, add_organization, uuid};

contract!(
    an_empty_chain_starts_at_nothing,
    each_organization_has_a_chain_of_its_own,
    a_place_in_the_chain_is_taken_once,
);

fn event(organization: OrganizationId, sequence: i64) -> AuditEvent {
    AuditEvent {
        id: format!("audit_{sequence}"),
        organization_id: organization.to_string(),
        sequence,
        at_ms: 1000 + sequence,
        event_type: "project.created".into(),
        outcome: Outcome::Success,
        actor: AuditActor { kind: "system".into(), id: None, user_id: None, email: None },
        project: None,
        // A target that is named twice is looked up once.
        targets: vec!["proj_1".into(), "proj_1".into(), "key_1".into()],
        before: serde_json::json!({}),
        after: serde_json::json!({ "name": "a \u{202e} name" }),
        ip: None,
        user_agent: None,
        request_id: None,
    }
}

async fn append(
    database: &Database,
    organization: OrganizationId,
    event_id: u64,
    sequence: i64,
) -> Result<ChainHead, StoreError> {
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let before = audit::head(conn, organization).await?;
    let event = event(organization, sequence);
    let head = ChainHead { sequence, hash: event.chain(&before.hash), signature: vec![9; 64] };
    let keys = EventKeys { id: uuid(event_id), ..EventKeys::default() };
    audit::append(conn, organization, &event, keys, &head).await?;
    transaction.commit().await?;
    Ok(head)
}

async fn head(database: &Database, organization: OrganizationId) -> ChainHead {
    audit::head(&mut database.read().await.conn(), organization).await.unwrap()
}

async fn an_empty_chain_starts_at_nothing(database: &Database) {
    let organization = add_organization(database, 1).await;
    let expected = ChainHead { sequence: 0, hash: CHAIN_START, signature: Vec::new() };
    assert_eq!(head(database, organization).await, expected);
}

async fn each_organization_has_a_chain_of_its_own(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    append(database, first, 10, 1).await.unwrap();
    let last = append(database, first, 11, 2).await.unwrap();
    let other = append(database, second, 12, 1).await.unwrap();
    assert_eq!(head(database, first).await, last);
    assert_eq!(head(database, second).await, other);
}

async fn a_place_in_the_chain_is_taken_once(database: &Database) {
    let organization = add_organization(database, 1).await;
    let last = append(database, organization, 10, 1).await.unwrap();
    let same_place = append(database, organization, 11, 1).await;
    assert!(matches!(same_place, Err(StoreError::Taken(_))), "{same_place:?}");
    let same_id = append(database, organization, 10, 2).await;
    assert!(matches!(same_id, Err(StoreError::Taken(_))), "{same_id:?}");
    assert_eq!(head(database, organization).await, last, "a refused event leaves the head alone");
}
