//! Members: what ends with their membership, and what doesn't.
#![cfg(test)]

mod support;

use keyward_domain::{
    Timestamp,
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    clock::to_millis,
    id::{OrganizationId, RoleId, SessionId, UserId},
    organization::{Email, User},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::{
    Error,
    member::{self, UpdateMember},
    project_member::{self, AddProjectMember, Who},
    role::{self, CreateRole},
    role_assignment::{self, Principal, Seat},
};
use keyward_store::{organization, session, session::Session};
use support::{House, name};
use uuid::Uuid;

/// A user who is a member of these organizations and signed in to each.
async fn member(house: &House, organizations: &[OrganizationId]) -> UserId {
    let id = UserId::from_uuid(Uuid::from_u128(77));
    let now = house.keyward.now();
    let email = Email::parse("email", "grace@example.com").unwrap();
    let mut transaction = house.pool.begin().await.unwrap();
    let conn = &mut transaction.conn();
    organization::insert_user(conn, &User { id, email, name: name("Grace"), created_at: now }).await.unwrap();
    for (number, organization) in (80..).zip(organizations) {
        organization::insert_member(conn, *organization, id, to_millis(now)).await.unwrap();
        let session = Session {
            id: SessionId::from_uuid(Uuid::from_u128(number)),
            user: id,
            organization: *organization,
            sso_provider: None,
            created_at: now,
            last_seen_at: now,
            expires_at: Timestamp::MAX,
            ip: None,
            user_agent: None,
        };
        session::insert(conn, &session, &number.to_be_bytes()).await.unwrap();
    }
    transaction.commit().await.unwrap();
    id
}

/// Where they are signed in.
async fn signed_in(house: &House, user: UserId) -> Vec<OrganizationId> {
    let mut connection = house.pool.read().await.unwrap();
    let mut sessions = session::of_user(&mut connection.conn(), user).await.unwrap();
    sessions.sort_by_key(|session| session.id);
    sessions.into_iter().map(|session| session.organization).collect()
}

/// As they come in by their first session.
fn as_signed_in(house: &House, user: UserId) -> Actor {
    let session = Some(SessionId::from_uuid(Uuid::from_u128(80)));
    let email = Email::parse("email", "grace@example.com").unwrap();
    let identity = Identity::User { id: user, email, session };
    let (organization, access, origin) = (house.organization, Access::default(), RequestOrigin::default());
    Actor { organization, identity, access, origin }
}

#[tokio::test]
async fn disabling_and_removing_end_the_sessions_in_this_organization_only() {
    let house = House::new().await;
    let elsewhere = house.stranger("Second").await;
    let user = member(&house, &[house.organization, elsewhere.organization]).await;
    assert_eq!(signed_in(&house, user).await, [house.organization, elsewhere.organization]);
    let disable = UpdateMember { disabled: Some(true), ..UpdateMember::default() };
    member::update(&house.keyward, &house.owner(), user, disable).await.unwrap();
    assert_eq!(signed_in(&house, user).await, [elsewhere.organization]);

    member::remove(&house.keyward, &elsewhere, user).await.unwrap();
    assert_eq!(signed_in(&house, user).await, []);
    // Here they are a member still.
    member::find(&house.keyward, &house.owner(), user).await.unwrap();
    let gone = member::find(&house.keyward, &elsewhere, user).await;
    assert!(matches!(gone, Err(Error::NotFound("user"))), "{gone:?}");
}

#[tokio::test]
async fn what_a_session_may_do_changes_with_the_roles() {
    let house = House::new().await;
    let user = member(&house, &[house.organization]).await;
    let project = house.project("Search").await.id;
    let may = async |permission, scope| {
        let actor = house.keyward.admit(as_signed_in(&house, user)).await;
        actor.is_ok_and(|actor| actor.access.holds(permission, scope))
    };
    let here = Scope::Project(project);
    assert!(!may(Permission::ProjectRead, here).await);
    let (who, role) = (Who::Id(user), BuiltIn::ProjectMember.id());
    project_member::add(&house.keyward, &house.owner(), AddProjectMember { project, who, role }).await.unwrap();
    assert!(may(Permission::LlmInvoke, here).await && !may(Permission::ApiKeysCreate, here).await);
    let seat = Seat { principal: Principal::User(user), scope: here };
    role_assignment::assign(&house.keyward, &house.owner(), seat, BuiltIn::ProjectAdmin.id()).await.unwrap();
    assert!(may(Permission::ApiKeysCreate, here).await && !may(Permission::ApiKeysCreate, Scope::Organization).await);
    project_member::remove(&house.keyward, &house.owner(), project, user).await.unwrap();
    assert!(!may(Permission::ProjectRead, here).await);
}

/// A role of the organization with these permissions.
async fn role(house: &House, text: &str, permissions: &[Permission]) -> RoleId {
    let command = CreateRole {
        scope: Scope::Organization,
        name: name(text),
        description: String::new(),
        permissions: permissions.iter().copied().collect(),
        idempotency: None,
    };
    role::create(&house.keyward, &house.owner(), command).await.unwrap().id
}

#[tokio::test]
async fn each_permission_is_given_only_by_who_holds_it() {
    let house = House::new().await;
    let user = member(&house, &[house.organization]).await;
    let seat = Seat { principal: Principal::User(user), scope: Scope::Organization };
    for permission in Permission::ALL {
        let made = role(&house, permission.as_str(), &[*permission]).await;
        let all: Vec<_> = Permission::ALL.iter().copied().filter(|other| other != permission).collect();
        // Neither assigning itself nor knowing of roles can be left out here.
        let needed = [Permission::RolesAssign, Permission::OrganizationRead];
        if needed.contains(permission) {
            continue;
        }
        let refused = role_assignment::assign(&house.keyward, &house.holder_of(&all), seat, made).await;
        assert!(matches!(refused, Err(Error::Escalation { .. })), "{permission}: {refused:?}");
        let enough = [&needed[..], &[*permission]].concat();
        role_assignment::assign(&house.keyward, &house.holder_of(&enough), seat, made).await.unwrap();
        // From now on they hold more than the first: nobody of that kind reaches them.
        let refused = role_assignment::unassign(&house.keyward, &house.holder_of(&all), seat, made).await;
        assert!(matches!(refused, Err(Error::Escalation { .. })), "{permission}: {refused:?}");
        role_assignment::unassign(&house.keyward, &house.holder_of(&enough), seat, made).await.unwrap();
    }
    // Everything but the name of an owner doesn't make one.
    let everything = house.holder_of(Permission::ALL);
    let refused = role_assignment::assign(&house.keyward, &everything, seat, BuiltIn::OrganizationOwner.id()).await;
    assert!(matches!(&refused, Err(Error::Escalation { message }) if message.contains("Only an owner")), "{refused:?}");
}

#[tokio::test]
async fn who_holds_a_role_is_told_to_whoever_reads_roles() {
    let house = House::new().await;
    let user = member(&house, &[house.organization]).await;
    let held = role(&house, "Held", &[Permission::AuditRead]).await;
    let at = Scope::Organization;
    let reader = house.holder_of(&[Permission::RolesRead]);
    let holders = async |actor: Actor| role::holders(&house.keyward, &actor, at, held).await;
    assert_eq!(holders(reader.clone()).await.unwrap(), role::Holders::default());
    let seat = Seat { principal: Principal::User(user), scope: at };
    role_assignment::assign(&house.keyward, &house.owner(), seat, held).await.unwrap();
    let found = holders(reader).await.unwrap();
    assert_eq!((found.count, found.names), (1, Vec::new()), "who reads roles alone isn't told of members");
    let found = holders(house.holder_of(&[Permission::RolesRead, Permission::MembersRead])).await.unwrap();
    assert_eq!((found.count, found.names), (1, vec!["grace@example.com".to_owned()]));
    let refused = holders(house.holder_of(&[Permission::MembersManage])).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    let elsewhere = holders(house.stranger("Second").await).await;
    assert!(matches!(elsewhere, Err(Error::NotFound("role"))), "{elsewhere:?}");
    let at_project = Scope::Project(house.project("Search").await.id);
    let misplaced = role::holders(&house.keyward, &house.owner(), at_project, held).await;
    assert!(matches!(misplaced, Err(Error::NotFound("role"))), "{misplaced:?}");
}

#[tokio::test]
async fn the_keys_that_a_member_made_are_told_to_whoever_may_remove_them() {
    let house = House::new().await;
    let user = member(&house, &[house.organization]).await;
    let made = member::keys_made_by(&house.keyward, &house.holder_of(&[Permission::MembersManage]), user).await;
    assert_eq!(made.unwrap(), member::MadeKeys { api_keys: Vec::new(), count: 0 });
    let refused = member::keys_made_by(&house.keyward, &house.holder_of(&[Permission::MembersRead]), user).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    let elsewhere = member::keys_made_by(&house.keyward, &house.stranger("Second").await, user).await;
    assert!(matches!(elsewhere, Err(Error::NotFound("user"))), "{elsewhere:?}");
}
