//! Members of an organization, and what is known about them there.

use keyward_domain::{
    Name,
    api_key::{ApiKey, Creator},
    id::UserId,
    organization::{Email, User},
    page::{Cursor, Order, Page},
    role::{BuiltIn, Scope},
};
use keyward_store::{
    CursorUnknown, api_key,
    member::{self, HeldDirectly, MemberFilter},
    organization,
    role_assignment::{self, Principal},
};

use crate::support::{Database, add_organization, add_project, add_user, assignment, moment, new_api_key, uuid};

contract!(
    a_member_is_read_back_disabled_and_deleted,
    members_are_paged_and_found_by_their_addresses,
    members_are_found_by_any_part_of_their_names_and_addresses,
    what_members_hold_directly_is_found_together,
    the_keys_that_somebody_made_are_named,
);

async fn a_member_is_read_back_disabled_and_deleted(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let user = add_user(database, 7).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    organization::insert_member(conn, own, user.id, 5).await.unwrap();
    let found = member::find(conn, own, user.id).await.unwrap().unwrap();
    assert_eq!((&found.member.user, found.member.added_at.as_millisecond()), (&user, 5));
    assert_eq!((found.member.disabled_at, found.member.second_factor), (None, false));
    assert_eq!(found.api_key_last_used_at, None);
    assert_eq!(member::find_by_email(conn, own, &user.email).await.unwrap(), Some(found));
    assert_eq!(member::find(conn, other, user.id).await.unwrap(), None);
    assert_eq!(member::find_by_email(conn, other, &user.email).await.unwrap(), None);
    member::set_disabled(conn, other, user.id, Some(9)).await.unwrap();
    assert_eq!(member::find(conn, own, user.id).await.unwrap().unwrap().member.disabled_at, None);
    member::set_disabled(conn, own, user.id, Some(9)).await.unwrap();
    let disabled = member::find(conn, own, user.id).await.unwrap().unwrap().member.disabled_at;
    assert_eq!(disabled.map(|at| at.as_millisecond()), Some(9));
    member::delete(conn, other, user.id).await.unwrap();
    assert!(member::find(conn, own, user.id).await.unwrap().is_some());
    member::delete(conn, own, user.id).await.unwrap();
    assert_eq!(member::find(conn, own, user.id).await.unwrap(), None);
}

async fn members_are_paged_and_found_by_their_addresses(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    for number in 10..14 {
        add_user(database, number).await;
    }
    let mut transaction = database.begin().await;
    for (organization, number) in [(own, 12), (own, 10), (other, 11), (own, 13)] {
        let user = UserId::from_uuid(uuid(number));
        organization::insert_member(&mut transaction.conn(), organization, user, 5).await.unwrap();
    }
    let conn = &mut transaction.conn();
    let id = |number| UserId::from_uuid(uuid(number));
    let emails = |numbers: &[u64]| {
        let email = |number: &u64| Email::parse("email", &format!("user{number}@example.com")).unwrap();
        Some(numbers.iter().map(email).collect::<Vec<_>>())
    };
    for (limit, emails, cursor, expected, has_more) in [
        (2, None, None, vec![10, 12], true),
        (2, None, Some(Cursor::After(id(12))), vec![13], false),
        (1, None, Some(Cursor::Before(id(13))), vec![12], true),
        (5, emails(&[13, 11, 10]), None, vec![10, 13], false),
        (5, emails(&[]), None, vec![], false),
    ] {
        let page = Page { limit, order: Order::Asc, cursor };
        let filter = MemberFilter { emails, search: None };
        let listed = member::list(conn, own, &filter, true, &page).await.unwrap().unwrap();
        let found: Vec<_> = listed.data.iter().map(|record| record.member.user.id).collect();
        assert_eq!((found, listed.has_more), (expected.into_iter().map(id).collect(), has_more));
    }
    let foreign = Page { limit: 5, order: Order::Asc, cursor: Some(Cursor::After(id(11))) };
    assert_eq!(
        member::list(conn, own, &MemberFilter::default(), false, &foreign).await.unwrap(),
        Err(CursorUnknown("after"))
    );
}

async fn members_are_found_by_any_part_of_their_names_and_addresses(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (number, name, email) in [
        (10, "Ada Lovelace", "ada_l@example.com"),
        (11, "Grace 100%", "hopper@navy.example"),
        (12, "Adam", "adal@example.com"),
    ] {
        let id = UserId::from_uuid(uuid(number));
        let (name, email) = (Name::parse("name", name).unwrap(), Email::parse("email", email).unwrap());
        organization::insert_user(conn, &User { id, email, name, created_at: moment(1) }).await.unwrap();
        organization::insert_member(conn, own, id, 5).await.unwrap();
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    for (search, expected) in [
        ("ADA", vec![10, 12]),
        (" lovelace ", vec![10]),
        ("ada_", vec![10]),
        ("0%", vec![11]),
        ("navy", vec![11]),
        ("example", vec![10, 11, 12]),
        ("nobody", vec![]),
    ] {
        let filter = MemberFilter { search: Some(search.to_owned()), ..MemberFilter::default() };
        let listed = member::list(conn, own, &filter, true, &page).await.unwrap().unwrap();
        let found: Vec<_> = listed.data.iter().map(|record| record.member.user.id).collect();
        let expected: Vec<_> = expected.into_iter().map(|number| UserId::from_uuid(uuid(number))).collect();
        assert_eq!(found, expected, "{search}");
        assert!(member::list(conn, other, &filter, true, &page).await.unwrap().unwrap().data.is_empty());
    }
}

async fn what_members_hold_directly_is_found_together(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (one, two) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let project = add_project(database, own, 5).await;
    let (admin, viewer) = (BuiltIn::OrganizationAdmin.id(), BuiltIn::ProjectViewer.id());
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (user, scope, role) in [
        (one, Scope::Organization, admin),
        (one, Scope::Project(project.id), viewer),
        (two, Scope::Organization, admin),
    ] {
        role_assignment::insert(conn, own, &assignment(Principal::User(user), scope, role)).await.unwrap();
    }
    let at_organization = |user| HeldDirectly { user, scope: Scope::Organization, project_name: None, role: admin };
    let in_project = HeldDirectly {
        user: one,
        scope: Scope::Project(project.id),
        project_name: Some(project.name.clone()),
        role: viewer,
    };
    let held = member::held_by(conn, own, &[one, two]).await.unwrap();
    assert_eq!(held, [at_organization(one), in_project, at_organization(two)]);
    assert_eq!(member::held_by(conn, own, &[two]).await.unwrap(), [at_organization(two)]);
    assert_eq!(member::held_by(conn, other, &[one, two]).await.unwrap(), []);
    assert_eq!(member::held_by(conn, own, &[]).await.unwrap(), []);
}

async fn the_keys_that_somebody_made_are_named(database: &Database) {
    let own = add_organization(database, 1).await;
    let (user, project) = (add_user(database, 7).await, add_project(database, own, 5).await);
    let created_by = Creator { admin_key: None, user: Some(user.id) };
    let expires_at = Some(moment(10));
    let key = |number| ApiKey { created_by: created_by.clone(), ..new_api_key(&project, number) };
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for made in [
        key(30),
        ApiKey { disabled: true, ..key(31) },
        ApiKey { revoked_at: expires_at, ..key(32) },
        ApiKey { expires_at, ..key(33) },
        new_api_key(&project, 34),
    ] {
        api_key::insert(conn, &made).await.unwrap();
    }
    let now = moment(10).as_millisecond();
    let (named, count) = member::made_keys(conn, own, user.id, now, 1).await.unwrap();
    assert_eq!((named.len(), count), (1, 2), "a disabled one can be enabled again");
    assert_eq!((named[0].id, named[0].project), (key(30).id, project.id));
    let (named, count) = member::made_keys(conn, own, user.id, now - 1, 100).await.unwrap();
    assert_eq!((named.len(), count), (3, 3));
}
