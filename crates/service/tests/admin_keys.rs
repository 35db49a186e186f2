//! Admin keys: made, looked up, used, deleted.
#![cfg(test)]

mod support;

use std::time::Duration;

use keyward_access::{PresentedKey, Refusal, presented_key};
use keyward_domain::{
    actor::{Actor, Identity},
    admin_key::AdminKey,
    page::{Cursor, Order, Page},
};
use keyward_service::{
    Error,
    admin_key::{self, CreateAdminKey, RevealedAdminKey},
};
use support::{House, idempotency, name};
use tokio_util::sync::CancellationToken;

fn new(text: &str) -> CreateAdminKey {
    CreateAdminKey { name: name(text), expires_in_seconds: None, roles: Vec::new(), idempotency: None }
}

async fn make(house: &House, text: &str) -> RevealedAdminKey {
    admin_key::create(&house.keyward, &house.owner(), new(text)).await.unwrap()
}

fn presented(key: &RevealedAdminKey) -> PresentedKey {
    let header = (http::header::AUTHORIZATION, format!("Bearer {}", key.secret.expose()).parse().unwrap());
    presented_key(&[header].into_iter().collect()).unwrap()
}

fn opens(house: &House, key: &RevealedAdminKey) -> Result<(), Refusal> {
    house.keyward.index().authenticate_admin(&presented(key), house.keyward.now()).map(drop)
}

/// The actor that comes in with that key.
fn by(key: &AdminKey, house: &House) -> Actor {
    let owner_email = match house.owner().identity {
        Identity::User { email, .. } => email,
        other => unreachable!("the owner is a person, not {other:?}"),
    };
    Actor { identity: Identity::AdminKey { id: key.id, owner: key.owner, owner_email }, ..house.owner() }
}

#[tokio::test]
async fn a_key_opens_until_it_is_deleted_here_and_on_another_node() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let (key, other) = (make(&house, "CI").await, make(&house, "Other").await);
    assert_eq!(opens(&house, &key), Ok(()));

    admin_key::delete(&house.keyward, &house.owner(), key.key.details.key.id).await.unwrap();
    assert_eq!(opens(&house, &key), Err(Refusal::InvalidKey));
    let again = admin_key::delete(&house.keyward, &house.owner(), key.key.details.key.id).await;
    assert!(matches!(again, Err(Error::NotFound("admin key"))), "{again:?}");

    let stop = CancellationToken::new();
    let following = async {
        while neighbour.index().authenticate_admin(&presented(&other), neighbour.now()).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    tokio::join!(neighbour.follow(stop.clone()), following);
    let there = neighbour.index().authenticate_admin(&presented(&key), neighbour.now());
    assert_eq!(there.err(), Some(Refusal::InvalidKey));
}

#[tokio::test]
async fn a_key_with_an_expiry_stops_by_itself() {
    let house = House::new().await;
    let command = CreateAdminKey { expires_in_seconds: Some(60), ..new("Short") };
    let key = admin_key::create(&house.keyward, &house.owner(), command).await.unwrap();
    house.clock.advance(Duration::from_millis(59_999));
    assert_eq!(opens(&house, &key), Ok(()));
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(opens(&house, &key), Err(Refusal::KeyExpired));
}

#[tokio::test]
async fn a_life_is_a_second_to_a_year_long() {
    let house = House::new().await;
    for (seconds, fits) in [(-1, false), (0, false), (1, true), (31_536_000, true), (31_536_001, false)] {
        let command = CreateAdminKey { expires_in_seconds: Some(seconds), ..new("Key") };
        let answer = admin_key::create(&house.keyward, &house.owner(), command).await;
        match answer {
            Ok(_) => assert!(fits, "{seconds}"),
            Err(Error::Invalid(invalid)) => assert!(!fits && invalid.param == "expires_in_seconds", "{seconds}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_key_that_is_gone_changes_nothing_more() {
    let house = House::new().await;
    let (gone, other) = (make(&house, "Gone").await.key.details.key, make(&house, "Other").await.key.details.key);
    let with_it = by(&gone, &house);
    admin_key::delete(&house.keyward, &with_it, gone.id).await.unwrap();
    let late = admin_key::delete(&house.keyward, &with_it, other.id).await;
    assert!(matches!(late, Err(Error::SignedOut)), "{late:?}");
}

#[tokio::test]
async fn two_keys_that_delete_eachother_leave_one() {
    let house = House::new().await;
    let (one, other) = (make(&house, "One").await.key.details.key, make(&house, "Other").await.key.details.key);
    let (by_one, byother) = (by(&one, &house), by(&other, &house));
    let (first, second) = tokio::join!(
        admin_key::delete(&house.keyward, &by_one, other.id),
        admin_key::delete(&house.keyward, &byother, one.id),
    );
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1, "{first:?} {second:?}");
}

#[tokio::test]
async fn another_organizations_keys_are_not_there() {
    let house = House::new().await;
    let key = make(&house, "CI").await.key.details.key;
    let stranger = house.stranger("Second").await;
    let found = admin_key::find(&house.keyward, &stranger, key.id).await;
    assert!(matches!(found, Err(Error::NotFound("admin key"))), "{found:?}");
    let deleted = admin_key::delete(&house.keyward, &stranger, key.id).await;
    assert!(matches!(deleted, Err(Error::NotFound("admin key"))), "{deleted:?}");
    let page = Page { limit: 10, order: Order::Asc, cursor: Some(Cursor::After(key.id)) };
    let listed = admin_key::list(&house.keyward, &stranger, page).await;
    assert!(matches!(&listed, Err(Error::Invalid(invalid)) if invalid.code == "invalid_cursor"), "{listed:?}");
}

#[tokio::test]
async fn the_same_creating_request_creates_once() {
    let house = House::new().await;
    let create = || CreateAdminKey { idempotency: idempotency("once", 1), ..new("CI") };
    let made = admin_key::create(&house.keyward, &house.owner(), create()).await.unwrap();
    let again = admin_key::create(&house.keyward, &house.owner(), create()).await;
    let id = made.key.details.key.id.to_string();
    assert!(matches!(&again, Err(Error::Replayed { made }) if *made == id), "{again:?}");
}

#[tokio::test]
async fn a_use_is_written_at_most_once_a_minute() {
    let house = House::new().await;
    let id = make(&house, "CI").await.key.details.key.id;
    let shown = async || admin_key::find(&house.keyward, &house.owner(), id).await.unwrap().details.last_used_at;
    let written = async || {
        let mut connection = house.pool.read().await.unwrap();
        let found = keyward_store::admin_key::find_any(&mut connection.conn(), id).await.unwrap();
        found.unwrap().last_used_at
    };
    assert_eq!((shown().await, written().await), (None, None));

    let first = house.keyward.now();
    for (seconds, expected) in [(0, first), (59, first), (1, first + Duration::from_secs(60))] {
        house.clock.advance(Duration::from_secs(seconds));
        let before = written().await;
        admin_key::note_use(&house.keyward, id);
        assert_eq!((shown().await, written().await), (Some(expected), before));
        admin_key::write_uses(&house.keyward).await.unwrap();
        assert_eq!(written().await, Some(expected));
    }
}

#[tokio::test]
async fn uses_are_written_while_serving_and_once_more_at_the_end() {
    let house = House::new().await;
    let ids = [make(&house, "One").await.key.details.key.id, make(&house, "Two").await.key.details.key.id];
    let stop = CancellationToken::new();
    let used = async |id| {
        let mut connection = house.pool.read().await.unwrap();
        let found = keyward_store::admin_key::find_any(&mut connection.conn(), id).await.unwrap();
        found.unwrap().last_used_at.is_some()
    };
    let requests = async {
        admin_key::note_use(&house.keyward, ids[0]);
        while !used(ids[0]).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        admin_key::note_use(&house.keyward, ids[1]);
    };
    tokio::join!(admin_key::keep_writing_uses(house.keyward.clone(), stop.clone()), requests);
    assert!(used(ids[1]).await);
}
