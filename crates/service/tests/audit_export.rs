//! Exporting the audit log, and proving what was exported.
#![cfg(test)]

mod support;

use std::time::Duration;

use keyward_domain::{Timestamp, audit::AuditEvent, permission::Permission, project::Project};
use keyward_service::{
    Error,
    audit::{self, AuditQuery, ExportFormat, PublicKey, Reason, Verification, verify_export},
    project,
};
use keyward_store::audit::{self as store, AuditFilter, ChainHead, EventKeys};
use support::House;

/// Three events, ten seconds apart, on a project that is named like a formula.
async fn house() -> (House, Project) {
    let house = House::new().await;
    let made = house.project("=1+1").await;
    for switch in [true, false] {
        house.clock.advance(Duration::from_secs(10));
        let (keyward, owner) = (&house.keyward, house.owner());
        let switched = if switch {
            project::deactivate(keyward, &owner, made.id, false, None).await
        } else {
            project::activate(keyward, &owner, made.id, None).await
        };
        switched.unwrap();
    }
    (house, made)
}

async fn export(house: &House, query: AuditQuery, format: ExportFormat) -> String {
    let mut export = audit::export(&house.keyward, &house.owner(), query, format).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.extend(piece);
    }
    String::from_utf8(text).unwrap()
}

async fn whole(house: &House) -> String {
    export(house, AuditQuery::default(), ExportFormat::Jsonl).await
}

fn prove(text: &str) -> Verification {
    verify_export(text.as_bytes(), None).unwrap()
}

/// Where it breaks, and why.
fn broken(text: &str) -> (i64, Reason) {
    let broken = prove(text).broken.expect("the file shouldn't be proven");
    (broken.sequence, broken.reason)
}

fn key(house: &House) -> PublicKey {
    house.keyward.audit_public_key().into()
}

#[tokio::test]
async fn a_whole_export_is_proven_by_the_installations_key_and_no_other() {
    let (house, _) = house().await;
    let text = whole(&house).await;
    let proven = verify_export(text.as_bytes(), Some(&key(&house))).unwrap();
    assert_eq!((proven.broken.clone(), proven.events, proven.is_partial()), (None, 3, false));
    assert_eq!(proven.organization_id, house.organization.to_string());
    assert_eq!(proven.head.unwrap().public_key, key(&house));

    let stranger = PublicKey::parse("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
    let refused = verify_export(text.as_bytes(), Some(&stranger)).unwrap().broken.unwrap();
    assert_eq!(refused.reason, Reason::OtherKey);
}

#[tokio::test]
async fn an_export_from_some_moment_on_is_proven_and_called_partial() {
    let (house, _) = house().await;
    let from = Timestamp::from_second(1_767_225_610).ok();
    let text = export(&house, AuditQuery { from, ..AuditQuery::default() }, ExportFormat::Jsonl).await;
    let proven = verify_export(text.as_bytes(), Some(&key(&house))).unwrap();
    assert!(proven.holds() && proven.is_partial());
    assert_eq!((proven.first_sequence, proven.events), (2, 2));

    let tail: String = whole(&house).await.split_inclusive('\n').skip(2).collect();
    assert_eq!((prove(&tail).holds(), prove(&tail).first_sequence), (true, 3));
}

#[tokio::test]
async fn an_export_with_holes_is_not_called_whole() {
    let (house, _) = house().await;
    let types = |types: &str| AuditQuery { event_types: vec![types.into()], ..AuditQuery::default() };
    let created = export(&house, types("project.created"), ExportFormat::Jsonl).await;
    assert_eq!(broken(&created), (2, Reason::CutOff { head: 3 }));
    let switched = export(&house, types("*.activated"), ExportFormat::Jsonl).await;
    assert!(prove(&switched).is_partial());
    let nothing = export(&house, types("login.failed"), ExportFormat::Jsonl).await;
    assert_eq!(broken(&nothing), (1, Reason::CutOff { head: 3 }));
    let ends = export(&house, types("project.*ed"), ExportFormat::Jsonl).await;
    assert!(prove(&ends).holds());
    let middle_missing: String =
        ends.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
    assert_eq!(broken(&middle_missing), (2, Reason::Missing { found: 3 }));
}

#[tokio::test]
async fn any_changed_character_is_found() {
    let (house, _) = house().await;
    let text = whole(&house).await;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let verification = verify_export(bytes.as_slice(), None).unwrap();
        assert!(!verification.holds(), "byte {at}: {}", String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn lines_that_are_moved_doubled_or_missing_are_named() {
    let (house, _) = house().await;
    let text = whole(&house).await;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let take = |order: &[usize]| order.iter().map(|at| lines[*at]).collect::<String>();
    for (order, expected) in [
        (vec![1, 0, 2, 3], (3, Reason::Missing { found: 1 })),
        (vec![0, 2, 1, 3], (2, Reason::Missing { found: 3 })),
        (vec![0, 0, 1, 2, 3], (2, Reason::Missing { found: 1 })),
        (vec![0, 1, 3], (3, Reason::CutOff { head: 3 })),
        (vec![3], (1, Reason::CutOff { head: 3 })),
        (vec![0, 1, 2], (4, Reason::HeadMissing)),
        (vec![], (1, Reason::HeadMissing)),
        (vec![0, 1, 2, 3, 3], (4, Reason::BeyondHead)),
        (vec![0, 1, 3, 2], (3, Reason::BeyondHead)),
    ] {
        assert_eq!(broken(&take(&order)), expected, "{order:?}");
    }
    assert_eq!(broken(&format!("{}\n{}", lines[0], take(&[1, 2, 3]))), (2, Reason::Unreadable));
    assert_eq!(broken("not an export"), (1, Reason::Unreadable));

    let stranger = house.stranger("Second").await;
    house.project_of(&stranger, "Theirs").await;
    let mut theirs =
        audit::export(&house.keyward, &stranger, AuditQuery::default(), ExportFormat::Jsonl).await.unwrap();
    let theirs = String::from_utf8(theirs.next().await.unwrap().unwrap()).unwrap();
    let (their_event, their_head) = theirs.split_once('\n').unwrap();
    assert_eq!(broken(&format!("{}{their_head}", lines[0])), (1, Reason::HeadDiffers));
    assert_eq!(broken(&format!("{their_event}\n{}", take(&[1, 2, 3]))), (2, Reason::Changed));
}

#[tokio::test]
async fn a_spreadsheet_gets_a_row_an_event_and_no_formula() {
    let (house, made) = house().await;
    let text = export(&house, AuditQuery::default(), ExportFormat::Csv).await;
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert!(rows[0].starts_with("sequence,id,time,type,outcome,") && rows[4].is_empty());
    assert_eq!(rows.len(), 5);
    assert!(rows[1].contains("2026-01-01T00:00:00Z,project.created,success,user,sess_"));
    assert!(rows[1].contains(&format!(",{},'=1+1,", made.id)), "{}", rows[1]);
    assert!(rows[2].contains(r#","{""active"":true}","{""active"":false}","#), "{}", rows[2]);
}

#[tokio::test]
async fn security_tools_get_entity_management_events() {
    let (house, made) = house().await;
    let text = export(&house, AuditQuery::default(), ExportFormat::Ocsf).await;
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 3);
    for event in &events {
        assert_eq!((&event["class_uid"], &event["category_uid"]), (&3004.into(), &3.into()));
        assert_eq!(event["type_uid"].as_i64().unwrap(), 300_400 + event["activity_id"].as_i64().unwrap());
        assert_eq!(event["entity"]["uid"], made.id.to_string());
        for required in ["severity_id", "time", "metadata", "actor", "status_id"] {
            assert!(!event[required].is_null(), "{required}");
        }
    }
    assert_eq!(events[0]["activity_id"], 1);
    assert_eq!(events[0]["entity_result"]["data"]["name"], "=1+1");
    assert_eq!(events[1]["activity_id"], 3);
    assert_eq!(events[1]["entity"]["data"]["active"], true);
}

#[tokio::test]
async fn an_export_ends_where_the_chain_stood_when_it_began() {
    let (house, _) = house().await;
    let mut export =
        audit::export(&house.keyward, &house.owner(), AuditQuery::default(), ExportFormat::Jsonl).await.unwrap();
    house.project("Later").await;
    let text = String::from_utf8(export.next().await.unwrap().unwrap()).unwrap();
    assert_eq!((prove(&text).holds(), prove(&text).events), (true, 3));
    assert_eq!(export.next().await.unwrap(), None);
}

#[tokio::test]
async fn an_export_of_many_pieces_is_whole() {
    let (house, _) = house().await;
    let mut transaction = house.pool.begin().await.unwrap();
    let conn = &mut transaction.conn();
    let mut head = store::head(conn, house.organization).await.unwrap();
    let first = store::stretch(conn, house.organization, &AuditFilter::default(), (0, 1), 1).await.unwrap();
    for sequence in 4..=1003 {
        let event = AuditEvent { sequence, ..first[0].event.clone() };
        let keys = EventKeys { id: uuid::Uuid::from_u64_pair(1, sequence.try_into().unwrap()), ..EventKeys::default() };
        head = ChainHead { sequence, hash: event.chain(&head.hash), ..head };
        store::append(conn, house.organization, &event, keys, &head).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let read = prove(&whole(&house).await);
    // The last of these events was never signed.
    assert_eq!((read.events, read.broken.unwrap().reason), (1003, Reason::HeadForged));
}

#[tokio::test]
async fn exporting_takes_its_own_permission() {
    let (house, _) = house().await;
    let reader = house.holder_of(&[Permission::AuditRead]);
    let denied = audit::export(&house.keyward, &reader, AuditQuery::default(), ExportFormat::Csv).await;
    assert!(matches!(denied.err(), Some(Error::Denied(denied)) if denied.permission == Permission::AuditExport));
}
