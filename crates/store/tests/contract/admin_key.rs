//! Admin keys: an organization's own, and found for the key index.

use keyward_domain::{
    admin_key::AdminKey,
    id::{AdminKeyId, OrganizationId},
    organization::User,
    page::{Cursor, Order, Page},
    secret::SecretDigest,
};
use keyward_store::{
    CursorUnknown, StoreError,
    admin_key::{self, AdminKeyDetails},
};

use crate::support::{Database, add_organization, add_user, moment, name, uuid};

contract!(
    an_admin_key_is_read_back_with_its_owner,
    a_secret_opens_one_admin_key,
    admin_keys_are_paged_in_the_order_of_their_making,
    the_last_use_only_moves_forward,
);

fn new(organization: OrganizationId, owner: &User, number: u64) -> AdminKey {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    AdminKey {
        id: AdminKeyId::from_uuid(uuid(number)),
        organization,
        name: name("CI"),
        digest: SecretDigest(digest),
        last_four: "aB9z".into(),
        owner: owner.id,
        created_at: moment(1),
        expires_at: None,
    }
}

async fn add(database: &Database, key: &AdminKey) -> Result<(), StoreError> {
    let mut transaction = database.begin().await;
    admin_key::insert(&mut transaction.conn(), key).await?;
    transaction.commit().await
}

async fn an_admin_key_is_read_back_with_its_owner(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let owner = add_user(database, 7).await;
    let key = AdminKey { expires_at: Some(moment(60)), ..new(own, &owner, 10) };
    add(database, &key).await.unwrap();
    let expected = AdminKeyDetails { key: key.clone(), owner, last_used_at: None };
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(admin_key::find(conn, own, key.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(admin_key::find(conn, other, key.id).await.unwrap(), None);
    assert_eq!(admin_key::find_any(conn, key.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(admin_key::all(conn).await.unwrap(), [expected]);
    drop(connection);

    let mut transaction = database.begin().await;
    admin_key::delete(&mut transaction.conn(), other, key.id).await.unwrap();
    assert!(admin_key::find_any(&mut transaction.conn(), key.id).await.unwrap().is_some());
    admin_key::delete(&mut transaction.conn(), own, key.id).await.unwrap();
    assert!(admin_key::find_any(&mut transaction.conn(), key.id).await.unwrap().is_none());
}

async fn a_secret_opens_one_admin_key(database: &Database) {
    let organization = add_organization(database, 1).await;
    let owner = add_user(database, 7).await;
    let key = new(organization, &owner, 10);
    add(database, &key).await.unwrap();
    let twin = AdminKey { id: AdminKeyId::from_uuid(uuid(11)), ..key };
    let refused = add(database, &twin).await.unwrap_err();
    assert!(refused.is_taken("admin_keys_digest", "admin_keys.digest"), "{refused:?}");
}

async fn admin_keys_are_paged_in_the_order_of_their_making(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let owner = add_user(database, 7).await;
    for (organization, number) in [(own, 12), (own, 10), (other, 11), (own, 13)] {
        add(database, &new(organization, &owner, number)).await.unwrap();
    }
    let id = |number| AdminKeyId::from_uuid(uuid(number));
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for (limit, order, cursor, expected, has_more) in [
        (2, Order::Asc, None, vec![10, 12], true),
        (2, Order::Asc, Some(Cursor::After(id(12))), vec![13], false),
        (5, Order::Desc, None, vec![13, 12, 10], false),
        (1, Order::Asc, Some(Cursor::Before(id(13))), vec![12], true),
    ] {
        let listed = admin_key::list(conn, own, &Page { limit, order, cursor }).await.unwrap().unwrap();
        let found: Vec<_> = listed.data.iter().map(|details| details.key.id).collect();
        let expected: Vec<_> = expected.into_iter().map(id).collect();
        assert_eq!((found, listed.has_more), (expected, has_more), "{limit} {order:?} {cursor:?}");
    }
    let foreign = Page { limit: 5, order: Order::Asc, cursor: Some(Cursor::After(id(11))) };
    assert_eq!(admin_key::list(conn, own, &foreign).await.unwrap(), Err(CursorUnknown("after")));
}

async fn the_last_use_only_moves_forward(database: &Database) {
    let organization = add_organization(database, 1).await;
    let owner = add_user(database, 7).await;
    let key = new(organization, &owner, 10);
    add(database, &key).await.unwrap();
    for (noted, expected) in [(5_000, 5_000), (4_000, 5_000), (6_000, 6_000)] {
        let mut transaction = database.begin().await;
        admin_key::note_use(&mut transaction.conn(), key.id, noted).await.unwrap();
        let found = admin_key::find(&mut transaction.conn(), organization, key.id).await.unwrap().unwrap();
        assert_eq!(found.last_used_at.map(|at| at.as_millisecond()), Some(expected));
        transaction.commit().await.unwrap();
    }
    let gone = AdminKeyId::from_uuid(uuid(99));
    admin_key::note_use(&mut database.begin().await.conn(), gone, 1).await.unwrap();
}
