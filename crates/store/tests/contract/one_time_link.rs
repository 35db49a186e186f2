//! Links that are good once, and when a password was changed: what the reset
//! of a password asks.

use keyward_domain::id::UserId;
use keyward_store::{
    one_time_link::{self, OneTimeLink},
    password,
};

use crate::support::{Database, add_user};

contract!(
    a_link_is_found_by_its_token_for_its_purpose_only,
    a_users_links_go_together,
    expired_links_are_forgotten,
    the_change_of_a_password_is_noted,
);

const RESET: &str = "password_reset";

fn link(user: Option<UserId>, created_at: i64) -> OneTimeLink {
    OneTimeLink { user, created_at, expires_at: created_at + 100 }
}

async fn a_link_is_found_by_its_token_for_its_purpose_only(database: &Database) {
    let user = add_user(database, 7).await;
    let made = link(Some(user.id), 5);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    one_time_link::insert(conn, RESET, b"a", &made).await.unwrap();
    one_time_link::insert(conn, "setup", b"b", &link(None, 5)).await.unwrap();
    assert_eq!(one_time_link::find(conn, RESET, b"a").await.unwrap(), Some(made));
    assert_eq!(one_time_link::find(conn, "setup", b"a").await.unwrap(), None);
    assert_eq!(one_time_link::find(conn, RESET, b"c").await.unwrap(), None);
    assert_eq!(one_time_link::find(conn, "setup", b"b").await.unwrap(), Some(link(None, 5)));
    one_time_link::delete_all(conn, "setup").await.unwrap();
    assert_eq!(one_time_link::find(conn, "setup", b"b").await.unwrap(), None);
    assert!(one_time_link::find(conn, RESET, b"a").await.unwrap().is_some());
}

async fn a_users_links_go_together(database: &Database) {
    let (ada, bob) = (add_user(database, 7).await, add_user(database, 8).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (digest, user, at) in [(b"a", ada.id, 5), (b"b", ada.id, 6), (b"c", bob.id, 4)] {
        one_time_link::insert(conn, RESET, digest, &link(Some(user), at)).await.unwrap();
    }
    let latest = one_time_link::latest(conn, RESET, ada.id).await.unwrap();
    assert_eq!(latest.map(|link| link.created_at), Some(6));
    one_time_link::delete_of_user(conn, RESET, ada.id).await.unwrap();
    assert_eq!(one_time_link::latest(conn, RESET, ada.id).await.unwrap(), None);
    assert!(one_time_link::find(conn, RESET, b"c").await.unwrap().is_some());
}

async fn expired_links_are_forgotten(database: &Database) {
    let user = add_user(database, 7).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    one_time_link::insert(conn, RESET, b"a", &link(Some(user.id), 0)).await.unwrap();
    one_time_link::insert(conn, RESET, b"b", &link(Some(user.id), 1)).await.unwrap();
    one_time_link::delete_expired(conn, 100).await.unwrap();
    assert_eq!(one_time_link::find(conn, RESET, b"a").await.unwrap(), None);
    assert!(one_time_link::find(conn, RESET, b"b").await.unwrap().is_some());
}

async fn the_change_of_a_password_is_noted(database: &Database) {
    let user = add_user(database, 7).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(password::changed_at(conn, user.id).await.unwrap(), None);
    for at in [5, 9] {
        password::put(conn, user.id, "hash", at).await.unwrap();
        assert_eq!(password::changed_at(conn, user.id).await.unwrap(), Some(at));
    }
}
