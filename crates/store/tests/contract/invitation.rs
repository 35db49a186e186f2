//! Invitations: an organization's own, one open for each address, found by
//! their link.

use keyward_domain::{
    id::{InvitationId, OrganizationId},
    invitation::{Ended, Ending, Grants, Invitation, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::{Email, User},
    page::{Cursor, Order, Page},
};
use keyward_store::{
    CursorUnknown, StoreError,
    invitation::{self, InvitationDetails, InvitationFilter},
};

use crate::support::{Database, add_organization, add_project, add_user, moment, uuid};

contract!(
    an_invitation_is_read_back_with_its_sender,
    an_address_has_one_open_invitation_in_an_organization,
    a_renewed_invitation_is_found_by_its_new_link_only,
    an_invitation_ends_once,
    invitations_are_paged_all_or_of_one_sender_or_project,
    the_organization_that_invites_is_described,
);

fn new(organization: OrganizationId, sender: &User, number: u64, email: &str) -> Invitation {
    Invitation {
        id: InvitationId::from_uuid(uuid(number)),
        organization,
        email: Email::parse("email", email).unwrap(),
        grants: Grants { role: InvitedRole::Reader, projects: vec![] },
        invited_by: sender.id,
        created_at: moment(1),
        expires_at: moment(100),
        ended: None,
    }
}

async fn add(database: &Database, invitation: &Invitation, digest: &[u8]) -> Result<(), StoreError> {
    let mut transaction = database.begin().await;
    invitation::insert(&mut transaction.conn(), invitation, digest).await?;
    transaction.commit().await
}

async fn end(database: &Database, invitation: &Invitation, second: i64, how: Ending) {
    let mut transaction = database.begin().await;
    let ended = Ended { at: moment(second), how };
    invitation::end(&mut transaction.conn(), invitation.organization, invitation.id, ended).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn an_invitation_is_read_back_with_its_sender(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let sender = add_user(database, 7).await;
    let project = add_project(database, own, 3).await;
    let projects = vec![ProjectGrant { id: project.id, role: InvitedProjectRole::Owner }];
    let grants = Grants { role: InvitedRole::Owner, projects };
    let made = Invitation { grants, ..new(own, &sender, 10, "ada@example.com") };
    add(database, &made, b"digest").await.unwrap();
    let expected = InvitationDetails { invitation: made.clone(), inviter: sender };
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(invitation::find(conn, own, made.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(invitation::find(conn, other, made.id).await.unwrap(), None);
    assert_eq!(invitation::find_by_digest(conn, b"digest").await.unwrap(), Some(expected.clone()));
    assert_eq!(invitation::find_by_digest(conn, b"another").await.unwrap(), None);
    assert_eq!(invitation::find_open(conn, own, &made.email).await.unwrap(), Some(expected));
    assert_eq!(invitation::find_open(conn, other, &made.email).await.unwrap(), None);
}

async fn an_address_has_one_open_invitation_in_an_organization(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let sender = add_user(database, 7).await;
    let first = new(own, &sender, 10, "ada@example.com");
    add(database, &first, b"1").await.unwrap();
    add(database, &new(other, &sender, 11, "ada@example.com"), b"2").await.unwrap();
    let refused = add(database, &new(own, &sender, 12, "ada@example.com"), b"3").await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    end(database, &first, 5, Ending::Revoked).await;
    add(database, &new(own, &sender, 12, "ada@example.com"), b"3").await.unwrap();
}

async fn a_renewed_invitation_is_found_by_its_new_link_only(database: &Database) {
    let own = add_organization(database, 1).await;
    let (sender, another) = (add_user(database, 7).await, add_user(database, 8).await);
    let made = new(own, &sender, 10, "ada@example.com");
    add(database, &made, b"old").await.unwrap();
    let renewed = Invitation { invited_by: another.id, expires_at: moment(500), ..made.clone() };
    let mut transaction = database.begin().await;
    invitation::renew(&mut transaction.conn(), &renewed, b"new").await.unwrap();
    transaction.commit().await.unwrap();
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(invitation::find_by_digest(conn, b"old").await.unwrap(), None);
    let expected = InvitationDetails { invitation: renewed.clone(), inviter: another };
    assert_eq!(invitation::find_by_digest(conn, b"new").await.unwrap(), Some(expected));
    drop(connection);

    end(database, &made, 5, Ending::Declined).await;
    let mut transaction = database.begin().await;
    invitation::renew(&mut transaction.conn(), &renewed, b"newest").await.unwrap();
    assert_eq!(invitation::find_by_digest(&mut transaction.conn(), b"newest").await.unwrap(), None);
}

async fn an_invitation_ends_once(database: &Database) {
    let own = add_organization(database, 1).await;
    let sender = add_user(database, 7).await;
    let made = new(own, &sender, 10, "ada@example.com");
    add(database, &made, b"1").await.unwrap();
    end(database, &made, 5, Ending::Accepted).await;
    end(database, &made, 6, Ending::Revoked).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let found = invitation::find(conn, own, made.id).await.unwrap().unwrap().invitation;
    assert_eq!(found.ended, Some(Ended { at: moment(5), how: Ending::Accepted }));
    assert_eq!(invitation::find_open(conn, own, &made.email).await.unwrap(), None);
}

async fn invitations_are_paged_all_or_of_one_sender_or_project(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (ada, bob) = (add_user(database, 7).await, add_user(database, 8).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    for (organization, sender, number, into) in [
        (own, &ada, 10, vec![second, project]),
        (own, &bob, 11, vec![project]),
        (other, &ada, 12, vec![project]),
        (own, &ada, 13, vec![]),
        (own, &bob, 14, vec![second]),
    ] {
        let mut made = new(organization, sender, number, &format!("{number}@example.com"));
        made.grants.projects =
            into.into_iter().map(|id| ProjectGrant { id, role: InvitedProjectRole::Member }).collect();
        add(database, &made, &[u8::try_from(number).unwrap()]).await.unwrap();
    }
    let id = |number| InvitationId::from_uuid(uuid(number));
    let filter = |invited_by, project| InvitationFilter { invited_by, project };
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for (filter, limit, cursor, expected, has_more) in [
        (filter(None, None), 3, None, vec![14, 13, 11], true),
        (filter(None, None), 3, Some(Cursor::After(id(11))), vec![10], false),
        (filter(Some(ada.id), None), 5, None, vec![13, 10], false),
        (filter(None, Some(project)), 5, None, vec![11, 10], false),
        (filter(None, Some(project)), 1, None, vec![11], true),
        (filter(None, Some(project)), 1, Some(Cursor::After(id(11))), vec![10], false),
        (filter(Some(ada.id), Some(project)), 5, None, vec![10], false),
    ] {
        let page = Page { limit, order: Order::Desc, cursor };
        let listed = invitation::list(conn, own, filter, &page).await.unwrap().unwrap();
        let found: Vec<_> = listed.data.iter().map(|details| details.invitation.id).collect();
        let expected: Vec<_> = expected.into_iter().map(id).collect();
        assert_eq!((found, listed.has_more), (expected, has_more), "{filter:?} {limit} {cursor:?}");
    }
    for (filter, foreign) in
        [(filter(None, None), 12), (filter(Some(ada.id), None), 11), (filter(None, Some(project)), 14)]
    {
        let page = Page { limit: 5, order: Order::Desc, cursor: Some(Cursor::After(id(foreign))) };
        assert_eq!(invitation::list(conn, own, filter, &page).await.unwrap(), Err(CursorUnknown("after")));
    }
}

async fn the_organization_that_invites_is_described(database: &Database) {
    let own = add_organization(database, 1).await;
    let mut connection = database.read().await;
    let found = invitation::destination(&mut connection.conn(), own).await.unwrap();
    assert_eq!((found.organization.id, found.sso_required), (own, false));
    assert_eq!(found.organization.name.as_str(), "Organization 1");
}
