//! Organizations, users and members.

use keyward_domain::{
    id::{OrganizationId, UserId},
    organization::{Email, Organization, User},
    role::{BuiltIn, Scope},
};
use keyward_store::{
    StoreError, organization,
    role_assignment::{self, Principal},
};

use crate::support::{Database, add_organization, add_user, assignment, moment, name, uuid};

contract!(
    an_organization_is_found_by_its_name_and_names_are_unique,
    a_user_is_found_by_address_and_addresses_are_unique,
    members_are_an_organizations_own,
    the_first_owner_stands_for_an_organization,
);

async fn an_organization_is_found_by_its_name_and_names_are_unique(database: &Database) {
    assert!(!organization::is_any(&mut database.read().await.conn()).await.unwrap());
    let id = add_organization(database, 1).await;
    let other = add_organization(database, 2).await;
    let mut connection = database.read().await;
    let found = organization::find_by_name(&mut connection.conn(), "Organization 1").await.unwrap();
    assert_eq!(found, Some(Organization { id, name: name("Organization 1"), created_at: moment(0) }));
    assert_eq!(organization::find_by_name(&mut connection.conn(), "organization 1").await.unwrap(), None);
    assert!(organization::is_any(&mut connection.conn()).await.unwrap());
    let all = organization::all(&mut connection.conn()).await.unwrap();
    assert!(all.iter().map(|organization| organization.id).eq([id, other]));

    let taken =
        Organization { id: OrganizationId::from_uuid(uuid(3)), name: name("Organization 1"), created_at: moment(0) };
    let refused = organization::insert(&mut database.begin().await.conn(), &taken).await.unwrap_err();
    assert!(refused.is_taken("organizations_name", "organizations.name"), "{refused:?}");
}

async fn a_user_is_found_by_address_and_addresses_are_unique(database: &Database) {
    let user = add_user(database, 7).await;
    let mut connection = database.read().await;
    let found = organization::find_user_by_email(&mut connection.conn(), &user.email).await.unwrap();
    assert_eq!(found, Some(user.clone()));
    let nobody = Email::parse("email", "nobody@example.com").unwrap();
    assert_eq!(organization::find_user_by_email(&mut connection.conn(), &nobody).await.unwrap(), None);

    let double = User { id: UserId::from_uuid(uuid(8)), ..user };
    let refused = organization::insert_user(&mut database.begin().await.conn(), &double).await.unwrap_err();
    assert!(refused.is_taken("users_email", "users.email"), "{refused:?}");
}

async fn members_are_an_organizations_own(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (older, younger) = (add_user(database, 7).await, add_user(database, 8).await);
    let mut transaction = database.begin().await;
    for (organization, user) in [(first, &younger), (first, &older), (second, &older)] {
        organization::insert_member(&mut transaction.conn(), organization, user.id, 5).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut connection = database.read().await;
    assert_eq!(organization::members(&mut connection.conn(), first).await.unwrap(), [older.clone(), younger]);
    assert_eq!(organization::members(&mut connection.conn(), second).await.unwrap(), std::slice::from_ref(&older));
    drop(connection);

    let twice = organization::insert_member(&mut database.begin().await.conn(), first, older.id, 6).await;
    assert!(matches!(twice, Err(StoreError::Taken(_))), "{twice:?}");
    let nobody = UserId::from_uuid(uuid(99));
    let unknown = organization::insert_member(&mut database.begin().await.conn(), first, nobody, 6).await;
    assert!(unknown.is_err(), "a member is a user");
}

async fn the_first_owner_stands_for_an_organization(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (reader, first, second) =
        (add_user(database, 6).await, add_user(database, 7).await, add_user(database, 8).await);
    let mut connection = database.read().await;
    assert_eq!(organization::first_owner(&mut connection.conn(), organization).await.unwrap(), None);
    drop(connection);
    let mut transaction = database.begin().await;
    for (user, role) in [
        (&second, BuiltIn::OrganizationOwner),
        (&reader, BuiltIn::OrganizationAuditor),
        (&first, BuiltIn::OrganizationOwner),
    ] {
        organization::insert_member(&mut transaction.conn(), organization, user.id, 5).await.unwrap();
        let held = assignment(Principal::User(user.id), Scope::Organization, role.id());
        assert!(role_assignment::insert(&mut transaction.conn(), organization, &held).await.unwrap());
    }
    transaction.commit().await.unwrap();
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(organization::first_owner(conn, organization).await.unwrap(), Some(first));
    assert_eq!(organization::find_user(conn, reader.id).await.unwrap(), Some(reader));
    assert_eq!(organization::find_user(conn, UserId::from_uuid(uuid(99))).await.unwrap(), None);
}
