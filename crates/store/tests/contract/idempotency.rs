//! Idempotency keys: what was made under one, for whom, and for how long.

use keyward_store::{
    Transaction,
    idempotency::{Made, keep},
};

use crate::support::{Database, add_organization, uuid};

contract!(
    the_first_request_is_kept_and_answered_to_the_second,
    another_actor_or_organization_has_keys_of_its_own,
    an_old_key_is_forgotten,
);

fn made(hash: u8, resource: &str) -> Made {
    Made { request_hash: vec![hash; 32], resource_id: resource.into() }
}

async fn kept(
    transaction: &mut Transaction,
    place: (keyward_domain::id::OrganizationId, u64),
    resource: &str,
    now: i64,
) -> Option<Made> {
    let place = (place.0, uuid(place.1));
    keep(&mut transaction.conn(), place, "key", &made(1, resource), now, now - 100).await.unwrap()
}

async fn the_first_request_is_kept_and_answered_to_the_second(database: &Database) {
    let organization = add_organization(database, 1).await;
    let mut transaction = database.begin().await;
    assert_eq!(kept(&mut transaction, (organization, 5), "proj_1", 1000).await, None);
    // The second statement of a transaction that meets the key goes on working.
    assert_eq!(kept(&mut transaction, (organization, 5), "proj_2", 1000).await, Some(made(1, "proj_1")));
    transaction.commit().await.unwrap();
    let mut transaction = database.begin().await;
    assert_eq!(kept(&mut transaction, (organization, 5), "proj_3", 1099).await, Some(made(1, "proj_1")));
}

async fn another_actor_or_organization_has_keys_of_its_own(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut transaction = database.begin().await;
    for place in [(first, 5), (first, 6), (second, 5)] {
        assert_eq!(kept(&mut transaction, place, "proj_1", 1000).await, None, "{place:?}");
    }
}

async fn an_old_key_is_forgotten(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut transaction = database.begin().await;
    for organization in [first, second] {
        assert_eq!(kept(&mut transaction, (organization, 5), "old", 1000).await, None);
    }
    assert_eq!(kept(&mut transaction, (first, 5), "new", 1101).await, None);
    assert_eq!(kept(&mut transaction, (first, 5), "newer", 1102).await, Some(made(1, "new")));
}
