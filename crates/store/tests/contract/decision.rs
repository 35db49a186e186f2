//! Batches of decisions: found by the ids that they may know of, the oldest
//! forgotten first.

use keyward_store::decision::{self, DecisionBatch};
use uuid::Uuid;

use crate::support::{Database, uuid};

contract!(a_batch_is_found_by_any_id_within_it, the_oldest_are_forgotten_until_enough_is_freed);

fn batch(first: u64, last: u64, span_seconds: i64, bytes: i64) -> DecisionBatch {
    DecisionBatch {
        first: uuid(first),
        last: uuid(last),
        span_seconds,
        bytes,
        content: vec![1, first.to_le_bytes()[0], 0, 255],
    }
}

async fn keep(database: &Database, batches: &[DecisionBatch]) {
    let mut transaction = database.begin().await;
    for batch in batches {
        decision::insert(&mut transaction.conn(), batch).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

async fn a_batch_is_found_by_any_id_within_it(database: &Database) {
    // Two nodes' batches overlap; slow calls stand in batches of a wider span.
    keep(database, &[batch(10, 20, 2, 1), batch(15, 25, 2, 1), batch(21, 30, 2, 1), batch(1, 40, 60, 1)]).await;
    let find = async |id: u64, span: i64, from: u64, until: Uuid, limit: i64| {
        let mut connection = database.read().await;
        let found = decision::find(&mut connection.conn(), uuid(id), span, (uuid(from), until), limit).await.unwrap();
        found.into_iter().map(|(last, content)| (last, content[1])).collect::<Vec<_>>()
    };
    assert_eq!(find(20, 2, 20, Uuid::max(), 9).await, [(uuid(20), 10), (uuid(25), 15)]);
    assert_eq!(find(10, 2, 10, Uuid::max(), 9).await, [(uuid(20), 10)]);
    assert_eq!(find(20, 2, 20, Uuid::max(), 1).await, [(uuid(20), 10)]);
    assert_eq!(find(20, 2, 21, Uuid::max(), 9).await, [(uuid(25), 15)], "the next page");
    assert_eq!(find(20, 2, 20, uuid(24), 9).await, [(uuid(20), 10)]);
    assert_eq!(find(20, 60, 20, Uuid::max(), 9).await, [(uuid(40), 1)]);
    for nowhere in [9, 31] {
        assert_eq!(find(nowhere, 2, nowhere, Uuid::max(), 9).await, []);
    }
}

async fn the_oldest_are_forgotten_until_enough_is_freed(database: &Database) {
    let total = async || decision::total(&mut database.read().await.conn()).await.unwrap();
    assert_eq!(total().await, 0);
    let batches: Vec<_> = (1..=5).map(|number| batch(number * 10, number * 10 + 5, 2, 100)).collect();
    keep(database, &batches).await;
    keep(database, &batches[..1]).await;
    assert_eq!(total().await, 500, "what is kept twice is there once");
    let forget = async |excess: i64, most: i64| {
        let mut transaction = database.begin().await;
        let freed = decision::forget(&mut transaction.conn(), excess, most).await.unwrap();
        transaction.commit().await.unwrap();
        freed
    };
    assert_eq!((forget(101, 9).await, total().await), (200, 300));
    let mut connection = database.read().await;
    for (id, is_there) in [(10, false), (20, false), (30, true)] {
        let found = decision::find(&mut connection.conn(), uuid(id), 2, (uuid(id), Uuid::max()), 9).await.unwrap();
        assert_eq!(!found.is_empty(), is_there, "{id}");
    }
    drop(connection);
    assert_eq!((forget(300, 1).await, total().await), (100, 200));
    assert_eq!((forget(0, 9).await, total().await), (0, 200));
    assert_eq!((forget(i64::MAX, 9).await, total().await), (200, 0));
    assert_eq!(forget(1, 9).await, 0);
}
