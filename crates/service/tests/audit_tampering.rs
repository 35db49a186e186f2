//! Whoever changes the audit log behind Keyward's back is found out, and the
//! first event that they touched is named.
#![cfg(test)]

mod support;

use keyward_domain::{
    audit::{AuditEvent, CHAIN_START},
    permission::Permission,
};
use keyward_service::{
    Error,
    audit::{self, Broken, PublicKey, Reason, Verification, verify_database, verify_database_by},
    project,
};
use keyward_store::Pool;
use sqlx::{AssertSqlSafe, Row, SqlitePool};
use support::House;

/// An organization with five events, and another one with one.
async fn house() -> House {
    let house = House::new().await;
    for text in ["Search", "Find", "Look"] {
        let made = house.project(text).await;
        if text == "Find" {
            project::deactivate(&house.keyward, &house.owner(), made.id, false, None).await.unwrap();
            project::activate(&house.keyward, &house.owner(), made.id, None).await.unwrap();
        }
    }
    let stranger = house.stranger("Second").await;
    house.project_of(&stranger, "Theirs").await;
    house
}

fn database(house: &House) -> &SqlitePool {
    match &house.pool {
        Pool::Sqlite { write, .. } => write,
        Pool::Postgres(_) => unreachable!("a house stands on SQLite"),
    }
}

async fn tamper(house: &House, sql: &str) {
    // The first organization is written as $1.
    for statement in sql.split(';') {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .bind(house.organization.uuid())
            .execute(database(house))
            .await
            .unwrap();
    }
}

async fn verified(house: &House) -> Verification {
    let all = verify_database(&house.pool).await.unwrap();
    let (own, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|chain| chain.organization_id == house.organization.to_string());
    assert!(others.len() == 1 && others[0].holds(), "nobody touched the other organization: {others:?}");
    own.into_iter().next().unwrap()
}

async fn broken(house: &House) -> Broken {
    verified(house).await.broken.expect("it should be found out")
}

#[tokio::test]
async fn an_untouched_database_is_proven_with_or_without_keyward() {
    let house = house().await;
    let all = verify_database(&house.pool).await.unwrap();
    assert!(all.iter().all(Verification::holds), "{all:?}");
    assert_eq!(verify_database_by(&house.pool, &house.keyward.audit_public_key().into()).await.unwrap(), all);
    let own = verified(&house).await;
    assert_eq!((own.events, own.is_partial()), (5, false));
    assert!(own.period.is_some());
    assert_eq!(audit::verify(&house.keyward, &house.owner()).await.unwrap(), own);
}

#[tokio::test]
async fn every_column_of_an_event_is_held_to_what_was_written() {
    for (change, reason) in [
        ("event = replace(event, 'Find', 'Fund')", Reason::Changed),
        ("event = replace(event, ',', ', ')", Reason::Changed),
        ("event = ''", Reason::Unreadable),
        ("event = CAST(x'ff' AS TEXT)", Reason::Unreadable),
        ("hash = zeroblob(32)", Reason::Changed),
        ("hash = x'00'", Reason::Changed),
        ("id = randomblob(16)", Reason::Column("id")),
        ("id = x'00'", Reason::Unreadable),
        ("at = at + 1", Reason::Column("at")),
        ("event_type = 'project.updated'", Reason::Column("event_type")),
        ("outcome = 'denied'", Reason::Column("outcome")),
        ("actor_id = randomblob(16)", Reason::Column("actor_id")),
        ("actor_id = NULL", Reason::Column("actor_id")),
        ("actor_user_id = NULL", Reason::Column("actor_user_id")),
        ("actor_email = 'somebody@example.com'", Reason::Column("actor_email")),
        ("project_id = NULL", Reason::Column("project_id")),
        ("ip = '192.0.2.1'", Reason::Column("ip")),
        ("request_id = 'req_1'", Reason::Column("request_id")),
    ] {
        let house = house().await;
        let sql = format!("UPDATE audit_events SET {change} WHERE organization_id = $1 AND sequence = 2");
        tamper(&house, &sql).await;
        let verified = verified(&house).await;
        let broken = verified.broken.unwrap();
        assert_eq!((broken.sequence, broken.reason, verified.events), (2, reason, 1), "{change}");
        let (first, last) = verified.period.unwrap();
        assert_eq!(first, last, "{change}: the broken one isn't within");
    }
}

#[tokio::test]
async fn missing_moved_and_foreign_events_are_named() {
    let of = "WHERE organization_id = $1";
    for (sql, sequence, reason) in [
        (format!("DELETE FROM audit_events {of} AND sequence = 1"), 1, Reason::Missing { found: 2 }),
        (format!("DELETE FROM audit_events {of} AND sequence = 3"), 3, Reason::Missing { found: 4 }),
        (format!("DELETE FROM audit_events {of} AND sequence = 5"), 5, Reason::CutOff { head: 5 }),
        (format!("DELETE FROM audit_events {of} AND sequence > 2"), 3, Reason::CutOff { head: 5 }),
        (format!("DELETE FROM audit_events {of}"), 1, Reason::CutOff { head: 5 }),
        (
            format!(
                "UPDATE audit_events SET sequence = 9 {of} AND sequence = 2;
                UPDATE audit_events SET sequence = 2 {of} AND sequence = 3;
                UPDATE audit_events SET sequence = 3 {of} AND sequence = 9"
            ),
            2,
            Reason::Missing { found: 3 },
        ),
        (format!("UPDATE audit_events SET sequence = 0 {of} AND sequence = 1"), 1, Reason::Missing { found: 0 }),
        (format!("UPDATE audit_events SET sequence = 6 {of} AND sequence = 5"), 5, Reason::Missing { found: 6 }),
        (
            format!("DELETE FROM audit_events {of} AND sequence = 5; DELETE FROM audit_heads {of}"),
            5,
            Reason::HeadMissing,
        ),
        (format!("DELETE FROM audit_events {of}; DELETE FROM audit_heads {of}"), 1, Reason::HeadMissing),
    ] {
        let house = house().await;
        tamper(&house, &sql).await;
        let broken = broken(&house).await;
        assert_eq!((broken.sequence, broken.reason), (sequence, reason), "{sql}");
    }
}

#[tokio::test]
async fn a_chain_of_another_organization_is_not_this_ones() {
    let house = house().await;
    let theirs = "organization_id <> $1";
    tamper(
        &house,
        &format!(
            "DELETE FROM audit_events WHERE organization_id = $1;
            UPDATE audit_events SET organization_id = $1 WHERE {theirs};
            UPDATE audit_targets SET organization_id = $1 WHERE {theirs}"
        ),
    )
    .await;
    let broken = audit::verify(&house.keyward, &house.owner()).await.unwrap().broken.unwrap();
    assert_eq!((broken.sequence, broken.reason), (1, Reason::Foreign));
}

#[tokio::test]
async fn the_targets_that_events_are_found_by_are_held_too() {
    let of = "WHERE organization_id = $1 AND sequence = 4";
    for sql in [
        format!("DELETE FROM audit_targets {of}"),
        format!("UPDATE audit_targets SET target = 'proj_x' {of}"),
        "INSERT INTO audit_targets (organization_id, target, sequence) VALUES ($1, 'proj_x', 4)".to_owned(),
    ] {
        let house = house().await;
        tamper(&house, &sql).await;
        let broken = broken(&house).await;
        assert_eq!((broken.sequence, broken.reason), (4, Reason::Targets), "{sql}");
    }
}

#[tokio::test]
async fn a_head_cannot_be_forged() {
    let of = "WHERE organization_id = $1";
    for (sql, reason) in [
        (format!("UPDATE audit_heads SET signature = zeroblob(64) {of}"), Reason::HeadForged),
        (format!("UPDATE audit_heads SET signature = x'' {of}"), Reason::HeadForged),
        (format!("UPDATE audit_heads SET hash = zeroblob(32) {of}"), Reason::HeadForged),
        (format!("UPDATE audit_heads SET hash = x'00' {of}"), Reason::HeadMissing),
        (format!("UPDATE audit_heads SET sequence = 4 {of}"), Reason::HeadForged),
        (
            format!(
                "UPDATE audit_heads SET sequence = 4,
                    hash = (SELECT hash FROM audit_events {of} AND sequence = 4) {of};
                DELETE FROM audit_events {of} AND sequence = 5"
            ),
            Reason::HeadForged,
        ),
        (
            format!(
                "UPDATE audit_heads SET signature =
                    (SELECT h.signature FROM audit_heads h WHERE h.organization_id <> $1) {of}"
            ),
            Reason::HeadForged,
        ),
    ] {
        let house = house().await;
        tamper(&house, &sql).await;
        assert_eq!(broken(&house).await.reason, reason, "{sql}");
    }
}

#[tokio::test]
async fn a_whole_chain_that_is_written_anew_lacks_its_signature() {
    let house = house().await;
    let rows = sqlx::query("SELECT event FROM audit_events WHERE organization_id = $1 ORDER BY sequence")
        .bind(house.organization.uuid())
        .fetch_all(database(&house))
        .await
        .unwrap();
    let mut hash = CHAIN_START;
    for row in rows {
        let mut event: AuditEvent = serde_json::from_str(row.get("event")).unwrap();
        event.user_agent = Some("somebody else's".into());
        hash = event.chain(&hash);
        sqlx::query("UPDATE audit_events SET event = $3, hash = $4 WHERE organization_id = $1 AND sequence = $2")
            .bind(house.organization.uuid())
            .bind(event.sequence)
            .bind(String::from_utf8(event.canonical()).unwrap())
            .bind(hash.as_slice())
            .execute(database(&house))
            .await
            .unwrap();
    }
    assert_eq!(broken(&house).await.reason, Reason::HeadDiffers);
    sqlx::query("UPDATE audit_heads SET hash = $2 WHERE organization_id = $1")
        .bind(house.organization.uuid())
        .bind(hash.as_slice())
        .execute(database(&house))
        .await
        .unwrap();
    let found = broken(&house).await;
    assert_eq!((found.sequence, found.reason), (5, Reason::HeadForged));
    // The next change goes through, and doesn't sign it.
    house.project("Later").await;
    let found = broken(&house).await;
    assert_eq!((found.sequence, found.reason), (6, Reason::HeadForged));
}

#[tokio::test]
async fn an_event_behind_the_head_is_found() {
    let house = house().await;
    let row = sqlx::query("SELECT event, hash FROM audit_events WHERE organization_id = $1 AND sequence = 5")
        .bind(house.organization.uuid())
        .fetch_one(database(&house))
        .await
        .unwrap();
    let mut event: AuditEvent = serde_json::from_str(row.get("event")).unwrap();
    event.sequence = 6;
    event.id = format!("audit_{}", house.organization.uuid().simple());
    let hash = event.chain(row.get::<&[u8], _>("hash").try_into().unwrap());
    sqlx::query(
        "INSERT INTO audit_events SELECT organization_id, 6, $1, at, event_type, outcome, actor_id, actor_user_id,
            actor_email, project_id, ip, request_id, $2, $3 FROM audit_events WHERE organization_id = $1 AND sequence = 5",
    )
    .bind(house.organization.uuid())
    .bind(String::from_utf8(event.canonical()).unwrap())
    .bind(hash.as_slice())
    .execute(database(&house))
    .await
    .unwrap();
    tamper(&house, "INSERT INTO audit_targets SELECT organization_id, target, 6 FROM audit_targets WHERE organization_id = $1 AND sequence = 5").await;
    let broken = broken(&house).await;
    assert_eq!((broken.sequence, broken.reason), (6, Reason::BeyondHead));
}

#[tokio::test]
async fn a_key_that_was_replaced_with_the_log_is_found_by_the_noted_one() {
    let house = house().await;
    let noted: PublicKey = house.keyward.audit_public_key().into();
    sqlx::query("UPDATE installation SET audit_public_key = $1")
        .bind(hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
        .execute(database(&house))
        .await
        .unwrap();
    let all = verify_database(&house.pool).await.unwrap();
    assert!(all.iter().all(|chain| chain.broken.as_ref().unwrap().reason == Reason::HeadForged));
    assert!(verify_database_by(&house.pool, &noted).await.unwrap().iter().all(Verification::holds));
}

fn hex(text: &str) -> Vec<u8> {
    keyward_domain::hex::from_hex::<32>(text).unwrap().to_vec()
}

#[tokio::test]
async fn proving_takes_a_permission() {
    let house = house().await;
    let denied = audit::verify(&house.keyward, &house.holder_of(&[Permission::AuditExport])).await;
    assert!(matches!(denied, Err(Error::Denied(denied)) if denied.permission == Permission::AuditRead));
}
