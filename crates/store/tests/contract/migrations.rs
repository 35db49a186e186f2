//! Bringing the tables up to date: from nothing, again, and by two at once.

use keyward_store::{StoreError, installation};

use crate::support::{self, Database};

contract!(on empty: an_empty_database_gets_every_table, migrating_twice_changes_nothing, a_newer_database_is_refused,
    several_processes_may_migrate_at_once);

async fn an_empty_database_gets_every_table(database: &Database) {
    let (known, applied) = installation::schema_version(&mut database.read().await.conn()).await.unwrap();
    assert!(known > 0);
    assert_eq!(applied, 0);
    installation::migrate(&database.pool).await.unwrap();
    let (known, applied) = installation::schema_version(&mut database.read().await.conn()).await.unwrap();
    assert_eq!(known, applied);
    installation::ping(&mut database.read().await.conn()).await.unwrap();
}

async fn migrating_twice_changes_nothing(database: &Database) {
    installation::migrate(&database.pool).await.unwrap();
    support::add_organization(database, 1).await;
    installation::migrate(&database.pool).await.unwrap();
    let kept = keyward_store::organization::all(&mut database.read().await.conn()).await.unwrap();
    assert_eq!(kept.len(), 1);
}

async fn a_newer_database_is_refused(database: &Database) {
    installation::migrate(&database.pool).await.unwrap();
    let newer = "UPDATE _sqlx_migrations SET version = 9000 WHERE version = 1";
    match &database.pool {
        keyward_store::Pool::Sqlite { write, .. } => drop(sqlx::query(newer).execute(write).await.unwrap()),
        keyward_store::Pool::Postgres(pool) => drop(sqlx::query(newer).execute(pool).await.unwrap()),
    }
    let refused = installation::migrate(&database.pool).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 9000, .. })), "{refused:?}");
}

async fn several_processes_may_migrate_at_once(database: &Database) {
    let neighbours = [database.neighbour().await, database.neighbour().await, database.neighbour().await];
    let (first, second, third) = tokio::join!(
        installation::migrate(&neighbours[0]),
        installation::migrate(&neighbours[1]),
        installation::migrate(&neighbours[2])
    );
    first.and(second).and(third).unwrap();
    support::add_organization(database, 1).await;
    for pool in neighbours {
        pool.close().await;
    }
}
