//! Invitations: who may send which, and what is asked again when they are
//! accepted.
#![cfg(test)]

mod support;

use keyward_domain::{
    Invalid,
    access::Access,
    actor::{Actor, Identity},
    id::UserId,
    invitation::{Ending, InvitedProjectRole, InvitedRole},
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::{Error, invitation, session};
use support::{
    House, actor, contains,
    links::{PASSWORD, accept, grants, invite, token},
};
use uuid::Uuid;

use InvitedProjectRole::{Member as ProjectMember, Owner as ProjectOwner};
use InvitedRole::{Owner, Reader};

/// The first organization's user with what is said here in one project.
fn in_project(house: &House, project: keyward_domain::id::ProjectId, role: BuiltIn) -> Actor {
    let mut access = Access::member();
    access.add(&role.role(house.organization), Scope::Project(project));
    actor(house.organization, access)
}

#[tokio::test]
async fn nobody_invites_to_what_they_do_not_hold() {
    let house = House::new().await;
    let project = house.project("Project").await;
    let manager = house.holder_of(&[Permission::MembersManage, Permission::OrganizationRead]);
    for (role, projects) in
        [(Owner, vec![]), (Reader, vec![(&project, ProjectMember)]), (Reader, vec![(&project, ProjectOwner)])]
    {
        let refused = invite(&house.keyward, &manager, "ada@example.com", grants(role, &projects)).await;
        assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    }
    let everything = house.holder_of(Permission::ALL);
    let refused = invite(&house.keyward, &everything, "ada@example.com", grants(Owner, &[])).await;
    assert!(matches!(refused, Err(Error::Escalation { .. })), "only owners make owners: {refused:?}");
    invite(&house.keyward, &everything, "ada@example.com", grants(Reader, &[(&project, ProjectOwner)])).await.unwrap();
    invite(&house.keyward, &manager, "bob@example.com", grants(Reader, &[])).await.unwrap();
    let reader = house.holder_of(&[Permission::MembersRead, Permission::OrganizationRead]);
    let refused = invite(&house.keyward, &reader, "eve@example.com", grants(Reader, &[])).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
}

#[tokio::test]
async fn who_manages_members_of_a_project_invites_to_just_that_project() {
    let house = House::new().await;
    let (own, seen, hidden) = (house.project("Own").await, house.project("Seen").await, house.project("Hidden").await);
    let mut manager = in_project(&house, own.id, BuiltIn::ProjectAdmin);
    manager.access.add(&BuiltIn::ProjectMember.role(house.organization), Scope::Project(seen.id));
    let try_to =
        async |role, projects: &[_]| invite(&house.keyward, &manager, "ada@example.com", grants(role, projects)).await;
    let refused = try_to(Reader, &[]).await;
    assert!(matches!(&refused, Err(Error::Invalid(Invalid { param, .. })) if param == "projects"), "{refused:?}");
    let refused = try_to(Owner, &[(&own, ProjectMember)]).await;
    assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    let refused = try_to(Reader, &[(&own, ProjectMember), (&seen, ProjectMember)]).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    let refused = try_to(Reader, &[(&own, ProjectMember), (&hidden, ProjectMember)]).await;
    assert!(matches!(&refused, Err(Error::Invalid(Invalid { param, .. })) if param == "projects[1].id"), "{refused:?}");
    try_to(Reader, &[(&own, ProjectOwner)]).await.unwrap();
}

#[tokio::test]
async fn who_manages_members_of_a_project_sees_and_withdraws_their_own_invitations_only() {
    let house = House::new().await;
    let project = house.project("Project").await;
    let manager = in_project(&house, project.id, BuiltIn::ProjectAdmin);
    let own = invite(&house.keyward, &manager, "own@example.com", grants(Reader, &[(&project, ProjectMember)])).await;
    let own = own.unwrap().details.invitation;
    let identity = |user| Identity::User {
        id: UserId::from_uuid(user),
        email: support::links::email("another@example.com"),
        session: None,
    };
    let another = Actor { identity: identity(Uuid::from_u128(7)), ..manager.clone() };
    let page = || Page { limit: 10, order: Order::Desc, cursor: None };
    let listed = invitation::list(&house.keyward, &manager, None, page()).await.unwrap();
    assert_eq!(listed.data.len(), 1);
    assert!(invitation::list(&house.keyward, &another, None, page()).await.unwrap().data.is_empty());
    for refused in [
        invitation::find(&house.keyward, &another, own.id).await.map(drop),
        invitation::delete(&house.keyward, &another, own.id).await,
        invitation::resend(&house.keyward, &another, own.id).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::NotFound("invitation"))), "{refused:?}");
    }
    invitation::resend(&house.keyward, &manager, own.id).await.unwrap();
    invitation::delete(&house.keyward, &manager, own.id).await.unwrap();
}

#[tokio::test]
async fn an_owners_invitation_is_withdrawn_by_owners_only() {
    let house = House::new().await;
    let sent = invite(&house.keyward, &house.owner(), "ada@example.com", grants(Owner, &[])).await.unwrap();
    let id = sent.details.invitation.id;
    let everything = house.holder_of(Permission::ALL);
    for refused in [
        invitation::delete(&house.keyward, &everything, id).await,
        invitation::resend(&house.keyward, &everything, id).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    }
    invitation::delete(&house.keyward, &house.owner(), id).await.unwrap();
}

#[tokio::test]
async fn an_invitation_is_void_when_its_sender_could_not_send_it_any_more() {
    let house = House::new().await;
    let sender = house.member(&house.owner(), "sender@example.com", Owner).await.user;
    let identity = Identity::User { id: sender.id, email: sender.email.clone(), session: None };
    let as_sender = Actor { identity, ..house.owner() };
    let to_owner = invite(&house.keyward, &as_sender, "ada@example.com", grants(Owner, &[])).await.unwrap();
    let to_reader = invite(&house.keyward, &as_sender, "bob@example.com", grants(Reader, &[])).await.unwrap();
    // No owner any more, but still a member.
    house.write("DELETE FROM role_assignments WHERE principal_id = $1", sender.id.uuid()).await;
    for (sent, disable) in [(to_owner, false), (to_reader, true)] {
        if disable {
            house.disable(sender.id.uuid()).await;
        }
        let link = sent.link.unwrap();
        let refused = accept(&house.keyward, &link).await;
        assert!(matches!(refused, Err(Error::Forbidden { code: "invitation_void", .. })), "{refused:?}");
        let refused = accept(&house.keyward, &link).await;
        assert!(matches!(refused, Err(Error::InvalidLink)), "{refused:?}");
        let found = invitation::find(&house.keyward, &house.owner(), sent.details.invitation.id).await.unwrap();
        assert_eq!(found.invitation.ended.map(|ended| ended.how), Some(Ending::Void));
    }
    let mut connection = house.pool.read().await.unwrap();
    let members = keyward_store::organization::members(&mut connection.conn(), house.organization).await.unwrap();
    assert_eq!(members.len(), 2, "the owner and the sender");
}

#[tokio::test]
async fn sending_it_again_makes_it_somebody_elses_invitation() {
    let house = House::new().await;
    let sender = house.member(&house.owner(), "sender@example.com", Owner).await.user;
    let identity = Identity::User { id: sender.id, email: sender.email.clone(), session: None };
    let as_sender = Actor { identity, ..house.owner() };
    let sent = invite(&house.keyward, &as_sender, "ada@example.com", grants(Owner, &[])).await.unwrap();
    house.disable(sender.id.uuid()).await;
    let again = invitation::resend(&house.keyward, &house.owner(), sent.details.invitation.id).await.unwrap();
    accept(&house.keyward, &again.link.unwrap()).await.unwrap();
}

#[tokio::test]
async fn where_single_sign_on_is_required_only_owners_are_signed_in() {
    let house = House::new().await;
    house.write("UPDATE organizations SET sso_required = 1 WHERE id = $1", house.organization.uuid()).await;
    let reader = invite(&house.keyward, &house.owner(), "reader@example.com", grants(Reader, &[])).await.unwrap();
    let link = reader.link.unwrap();
    assert!(invitation::describe(&house.keyward, &token(&link)).await.unwrap().sso_required);
    let accepted = accept(&house.keyward, &link).await.unwrap();
    assert!(accepted.welcome.is_none());
    let owner = house.member(&house.owner(), "owner@example.com", Owner).await;
    let welcome = owner.welcome.unwrap();
    let admitted = session::authenticate(&house.keyward, &welcome.token, support_origin()).await.unwrap();
    assert!(admitted.access.is_owner());
}

fn support_origin() -> keyward_domain::actor::RequestOrigin {
    keyward_domain::actor::RequestOrigin::default()
}

#[tokio::test]
async fn a_password_alone_does_not_get_around_the_second_factor() {
    let house = House::new().await;
    let ada = house.member(&house.owner(), "ada@example.com", Reader).await;
    let insert =
        "INSERT INTO second_factors (user_id, wrapped_secret, confirmed_at, last_step) VALUES ($1, x'00', 1, 0)";
    house.write(insert, ada.user.id.uuid()).await;
    let stranger = house.stranger("Second").await;
    let sent = invite(&house.keyward, &stranger, "ada@example.com", grants(Reader, &[])).await.unwrap();
    let link = sent.link.unwrap();
    let refused = accept(&house.keyward, &link).await;
    assert!(matches!(refused, Err(Error::Forbidden { code: "sign_in_required", .. })), "{refused:?}");
    let command = invitation::AcceptInvitation {
        token: token(&link),
        name: None,
        password: None,
        session: Some(ada.welcome.unwrap().token),
        origin: support_origin(),
    };
    invitation::accept(&house.keyward, command).await.unwrap();
}

#[tokio::test]
async fn a_disabled_member_does_not_come_back_by_an_invitation() {
    let house = House::new().await;
    let ada = house.member(&house.owner(), "ada@example.com", Reader).await;
    house.disable(ada.user.id.uuid()).await;
    let refused = invite(&house.keyward, &house.owner(), "ada@example.com", grants(Reader, &[])).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "already_member", .. })), "{refused:?}");
}

#[tokio::test]
async fn who_became_a_member_otherwise_accepts_nothing_more() {
    let house = House::new().await;
    let ada = house.member(&house.owner(), "ada@example.com", Reader).await.user;
    let stranger = house.stranger("Second").await;
    let sent = invite(&house.keyward, &stranger, "ada@example.com", grants(Owner, &[])).await.unwrap();
    let mut transaction = house.pool.begin().await.unwrap();
    keyward_store::organization::insert_member(&mut transaction.conn(), stranger.organization, ada.id, 1)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let refused = accept(&house.keyward, &sent.link.unwrap()).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "already_member", .. })), "{refused:?}");
}

#[tokio::test]
async fn neither_the_link_nor_the_password_is_kept_as_it_is() {
    let house = House::new().await;
    let sent = invite(&house.keyward, &house.owner(), "ada@example.com", grants(Reader, &[])).await.unwrap();
    let link = sent.link.clone().unwrap();
    accept(&house.keyward, &link).await.unwrap();
    let bytes = house.database_bytes();
    assert!(contains(&bytes, "ada@example.com"));
    assert!(!contains(&bytes, token(&link).expose()) && !contains(&bytes, PASSWORD));
    assert!(!format!("{sent:?}").contains(token(&link).expose()));
}

#[tokio::test]
async fn keyward_itself_invites_nobody() {
    let house = House::new().await;
    let system = Actor::system(house.organization);
    let refused = invite(&house.keyward, &system, "ada@example.com", grants(Reader, &[])).await;
    assert!(matches!(refused, Err(Error::Forbidden { code: "sender_required", .. })), "{refused:?}");
}
