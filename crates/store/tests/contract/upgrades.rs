//! A database that an earlier Keyward filled, brought up to date: everybody
//! holds afterwards what they held before.

use keyward_domain::{
    access::Access,
    id::{AdminKeyId, OrganizationId, UserId},
    retention::{DataClass, Keep},
};
use keyward_store::{Pool, access, audit, installation, password, retention};
use sqlx::AssertSqlSafe;

use crate::support::{Database, uuid};

contract!(on empty:
    people_and_keys_of_the_first_version_go_on_as_they_were,
    an_organization_that_never_decided_keeps_its_audit_log_for_a_year,
);

/// Makes the tables of an earlier version, as that version did.
async fn tables_of(database: &Database, version: usize) {
    match &database.pool {
        Pool::Sqlite { write, .. } => {
            let mut first = sqlx::migrate!("migrations/sqlite");
            first.migrations.to_mut().truncate(version);
            first.run(write).await.unwrap();
        }
        Pool::Postgres(pool) => {
            let mut first = sqlx::migrate!("migrations/postgres");
            first.migrations.to_mut().truncate(version);
            first.run(pool).await.unwrap();
        }
    }
}

/// Runs statements in which `#7` stands for the 7th id.
async fn fill(database: &Database, statements: &str) {
    let mut text = String::new();
    let mut parts = statements.split('#');
    text.push_str(parts.next().unwrap());
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        let id = uuid(part[..digits].parse().unwrap());
        match &database.pool {
            Pool::Sqlite { .. } => text.push_str(&format!("x'{}'", id.simple())),
            Pool::Postgres(_) => text.push_str(&format!("'{id}'::uuid")),
        }
        text.push_str(&part[digits..]);
    }
    match &database.pool {
        Pool::Sqlite { write, .. } => drop(sqlx::raw_sql(AssertSqlSafe(text)).execute(write).await.unwrap()),
        Pool::Postgres(pool) => drop(sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await.unwrap()),
    }
}

async fn people_and_keys_of_the_first_version_go_on_as_they_were(database: &Database) {
    tables_of(database, 1).await;
    fill(
        database,
        "INSERT INTO organizations (id, name, created_at) VALUES (#1, 'First', 1), (#2, 'Second', 1);
        INSERT INTO users (id, email, name, password_hash, created_at) VALUES
            (#7, 'owner@example.com', 'Owner', 'a hash', 2), (#8, 'reader@example.com', 'Reader', 'another', 3);
        INSERT INTO organization_members (organization_id, user_id, role, created_at) VALUES
            (#1, #7, 'owner', 4), (#2, #7, 'owner', 4), (#1, #8, 'reader', 5);
        INSERT INTO admin_keys (id, organization_id, name, digest, last_four, owner_id, created_at)
            VALUES (#9, #1, 'CI', #3, 'abcd', #7, 6);"
            .replace(
                "#3,",
                match &database.pool {
                    Pool::Sqlite { .. } => "zeroblob(32),",
                    Pool::Postgres(_) => r"decode(repeat('00', 32), 'hex'),",
                },
            )
            .as_str(),
    )
    .await;

    installation::migrate(&database.pool).await.unwrap();

    let (first, second) = (OrganizationId::from_uuid(uuid(1)), OrganizationId::from_uuid(uuid(2)));
    let (owner, reader) = (UserId::from_uuid(uuid(7)), UserId::from_uuid(uuid(8)));
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for organization in [first, second] {
        assert!(access::of_user(conn, organization, owner).await.unwrap().unwrap().is_owner());
    }
    assert_eq!(access::of_user(conn, first, reader).await.unwrap(), Some(Access::member()));
    assert_eq!(access::of_user(conn, second, reader).await.unwrap(), None);
    let key = AdminKeyId::from_uuid(uuid(9));
    assert_eq!(access::of_admin_key(conn, first, key, owner).await.unwrap(), Some(Access::owner()));
    assert_eq!(password::find(conn, owner).await.unwrap().as_deref(), Some("a hash"));
    assert_eq!(password::find(conn, reader).await.unwrap().as_deref(), Some("another"));
}

async fn an_organization_that_never_decided_keeps_its_audit_log_for_a_year(database: &Database) {
    tables_of(database, 2).await;
    fill(database, "INSERT INTO organizations (id, name, created_at) VALUES (#1, 'First', 1)").await;
    installation::migrate(&database.pool).await.unwrap();
    let mut connection = database.read().await;
    let (settings, version) =
        retention::settings(&mut connection.conn(), OrganizationId::from_uuid(uuid(1))).await.unwrap();
    assert_eq!((settings.keep(DataClass::AuditEvents), version), (Keep::Days(365), 1));
    assert_eq!(audit::anchor(&mut connection.conn(), OrganizationId::from_uuid(uuid(1))).await.unwrap(), None);
}
