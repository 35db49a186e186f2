//! Groups and who is in them.

use keyward_domain::{
    group::Group,
    id::{GroupId, OrganizationId, SsoProviderId},
    page::{Cursor, Order, Page},
    role::{BuiltIn, Scope},
};
use keyward_store::{
    CursorUnknown, group, organization,
    role_assignment::{self, Principal},
};

use crate::support::{Database, add_organization, add_project, add_user, assignment, moment, name, uuid};

contract!(
    a_group_is_read_back_renamed_and_deleted,
    groups_are_paged_and_their_names_unique,
    a_user_can_be_in_a_group_for_two_reasons,
    groups_in_a_project_are_those_with_a_role_there,
);

/// A group; not kept yet.
pub fn new_group(organization: OrganizationId, number: u64, text: &str) -> Group {
    Group { id: GroupId::from_uuid(uuid(number)), organization, name: name(text), created_at: moment(1) }
}

async fn a_group_is_read_back_renamed_and_deleted(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let user = add_user(database, 7).await;
    let mut made = new_group(own, 40, "Group");
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    group::insert(conn, &made).await.unwrap();
    assert_eq!(group::find(conn, own, made.id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(group::find(conn, other, made.id).await.unwrap(), None);
    made.name = name("Renamed");
    group::update(conn, &made).await.unwrap();
    assert_eq!(group::find(conn, own, made.id).await.unwrap().as_ref(), Some(&made));
    group::add_member(conn, &made, user.id, None, 5).await.unwrap();
    group::delete(conn, other, made.id).await.unwrap();
    assert_eq!(group::all_members(conn, &made).await.unwrap(), [user.id]);
    group::delete(conn, own, made.id).await.unwrap();
    assert_eq!(group::find(conn, own, made.id).await.unwrap(), None);
    assert_eq!(group::all_members(conn, &made).await.unwrap(), []);
}

async fn groups_are_paged_and_their_names_unique(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (organization, number) in [(own, 42), (own, 40), (other, 41), (own, 43)] {
        group::insert(conn, &new_group(organization, number, &format!("Group {number}"))).await.unwrap();
    }
    let id = |number| GroupId::from_uuid(uuid(number));
    for (limit, order, cursor, expected, has_more) in [
        (2, Order::Asc, None, vec![40, 42], true),
        (2, Order::Asc, Some(Cursor::After(id(42))), vec![43], false),
        (5, Order::Desc, None, vec![43, 42, 40], false),
    ] {
        let listed = group::list(conn, own, &Page { limit, order, cursor }).await.unwrap().unwrap();
        let found: Vec<_> = listed.data.iter().map(|group| group.id).collect();
        assert_eq!((found, listed.has_more), (expected.into_iter().map(id).collect(), has_more));
    }
    let foreign = Page { limit: 5, order: Order::Asc, cursor: Some(Cursor::After(id(41))) };
    assert_eq!(group::list(conn, own, &foreign).await.unwrap(), Err(CursorUnknown("after")));
    group::insert(conn, &new_group(other, 50, "Group 40")).await.unwrap();
    let taken = group::insert(conn, &new_group(own, 51, "Group 40")).await.unwrap_err();
    assert!(group::name_is_taken(&taken), "{taken:?}");
}

async fn a_user_can_be_in_a_group_for_two_reasons(database: &Database) {
    let own = add_organization(database, 1).await;
    let (one, two) = (add_user(database, 7).await, add_user(database, 8).await);
    let made = new_group(own, 40, "Group");
    let provider = Some(SsoProviderId::from_uuid(uuid(90)));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    group::insert(conn, &made).await.unwrap();
    for (user, source) in [(&one, None), (&one, provider), (&two, provider)] {
        assert!(group::add_member(conn, &made, user.id, source, 5).await.unwrap());
        assert!(!group::add_member(conn, &made, user.id, source, 6).await.unwrap());
    }
    assert_eq!(group::reasons(conn, &made, one.id).await.unwrap(), [None, provider]);
    let page = Page { limit: 1, order: Order::Asc, cursor: None };
    let first = group::members(conn, &made, &page).await.unwrap().unwrap();
    assert_eq!((first.data, first.has_more), (vec![one.clone()], true), "once, for whatever reasons");
    let page = Page { cursor: Some(Cursor::After(one.id)), ..page };
    assert_eq!(group::members(conn, &made, &page).await.unwrap().unwrap().data, std::slice::from_ref(&two));
    group::remove_member(conn, &made, one.id, None).await.unwrap();
    assert_eq!(group::reasons(conn, &made, one.id).await.unwrap(), [provider]);
    group::remove_from_all(conn, OrganizationId::from_uuid(uuid(2)), one.id).await.unwrap();
    assert_eq!(group::reasons(conn, &made, one.id).await.unwrap(), [provider]);
    group::remove_from_all(conn, own, one.id).await.unwrap();
    assert_eq!(group::all_members(conn, &made).await.unwrap(), [two.id]);
    assert_eq!(group::members(conn, &made, &page).await.unwrap(), Err(CursorUnknown("after")));
}

async fn groups_in_a_project_are_those_with_a_role_there(database: &Database) {
    let own = add_organization(database, 1).await;
    let project = add_project(database, own, 5).await.id;
    let elsewhere = add_project(database, own, 6).await.id;
    let user = add_user(database, 7).await;
    let (inside, outside) = (new_group(own, 40, "Inside"), new_group(own, 41, "Outside"));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    organization::insert_member(conn, own, user.id, 5).await.unwrap();
    for made in [&inside, &outside] {
        group::insert(conn, made).await.unwrap();
    }
    for (principal, project, role) in [
        (Principal::Group(inside.id), project, BuiltIn::ProjectViewer),
        (Principal::Group(inside.id), project, BuiltIn::ProjectMember),
        (Principal::Group(outside.id), elsewhere, BuiltIn::ProjectMember),
        (Principal::User(user.id), project, BuiltIn::ProjectMember),
    ] {
        let given = assignment(principal, Scope::Project(project), role.id());
        role_assignment::insert(conn, own, &given).await.unwrap();
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    let found = group::in_project(conn, own, project, &page).await.unwrap().unwrap();
    assert_eq!((found.data, found.has_more), (vec![(inside.clone(), 5)], false));
    let members =
        keyward_store::member::in_project(conn, own, project, &Page { limit: 5, order: Order::Asc, cursor: None });
    let members = members.await.unwrap().unwrap().data;
    assert_eq!(members.len(), 1);
    assert_eq!((&members[0].user, members[0].added_at.as_millisecond()), (&user, 5));
}
