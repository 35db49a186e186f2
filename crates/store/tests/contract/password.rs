//! Passwords of users, and where a user may go with theirs.

use keyward_domain::organization::Email;
use keyward_store::{organization, password, user_organizations};

use crate::support::{Database, add_organization, add_user, name};

contract!(
    a_user_is_found_by_address_together_with_their_password,
    a_users_organizations_are_theirs_the_oldest_first,
    a_user_is_called_otherwise,
);

async fn a_user_is_found_by_address_together_with_their_password(database: &Database) {
    let (user, other) = (add_user(database, 7).await, add_user(database, 8).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let unused = Email::parse("email", "nobody@example.com").unwrap();
    for nobody in [None, Some(&unused)] {
        assert_eq!(password::find_by_email(conn, nobody).await.unwrap(), None);
    }
    assert_eq!(password::find_by_email(conn, Some(&user.email)).await.unwrap(), Some((user.clone(), None)));
    for hash in ["first", "second"] {
        password::put(conn, user.id, hash, 5).await.unwrap();
        assert_eq!(password::find(conn, user.id).await.unwrap().as_deref(), Some(hash));
        let found = password::find_by_email(conn, Some(&user.email)).await.unwrap();
        assert_eq!(found, Some((user.clone(), Some(hash.to_owned()))));
    }
    assert_eq!(password::find(conn, other.id).await.unwrap(), None);
}

async fn a_users_organizations_are_theirs_the_oldest_first(database: &Database) {
    let (first, second, third) =
        (add_organization(database, 1).await, add_organization(database, 2).await, add_organization(database, 3).await);
    let (user, other) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (organization, user) in [(third, user), (first, user), (second, other)] {
        organization::insert_member(conn, organization, user, 5).await.unwrap();
    }
    let places = user_organizations::all(conn, Some(user)).await.unwrap();
    let seen: Vec<_> =
        places.iter().map(|place| (place.organization.id, place.is_enabled, place.requires_sso)).collect();
    assert_eq!(seen, [(first, true, false), (third, true, false)]);
    assert_eq!(places[1].organization.name, name("Organization 3"));
    assert!(user_organizations::all(conn, None).await.unwrap().is_empty());
}

async fn a_user_is_called_otherwise(database: &Database) {
    let (user, other) = (add_user(database, 7).await, add_user(database, 8).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    organization::rename_user(conn, user.id, &name("Ada")).await.unwrap();
    assert_eq!(organization::find_user(conn, user.id).await.unwrap().unwrap().name, name("Ada"));
    assert_eq!(organization::find_user(conn, other.id).await.unwrap().unwrap(), other);
}
