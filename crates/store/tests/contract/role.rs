//! Custom roles, and who holds which.

use keyward_domain::{
    clock::to_millis,
    id::{GroupId, OrganizationId, RoleId, SsoProviderId, UserId},
    permission::{Permission, PermissionSet},
    role::{BuiltIn, Custom, Role, Scope},
};
use keyward_store::{
    StoreError, access, group, organization, role,
    role_assignment::{self, Assignment, Principal},
};

use crate::{
    group::new_group,
    support::{Database, add_organization, add_project, add_user, assignment, moment, name, uuid},
};

contract!(
    a_role_is_read_back_where_it_belongs,
    names_of_roles_are_unique_where_they_belong,
    who_holds_a_role_is_found_and_forgotten,
    roles_come_through_groups,
    owners_are_counted_without_disabled_ones,
);

fn new_role(organization: OrganizationId, scope: Scope, number: u64, text: &str) -> (Role, Custom) {
    let custom = Custom {
        created_by: Some(UserId::from_uuid(uuid(7))),
        created_at: moment(1),
        updated_at: moment(2),
        version: 3,
    };
    let role = Role {
        id: RoleId::from_uuid(uuid(number)),
        organization,
        project: scope.project(),
        name: name(text),
        description: "For tests".into(),
        permissions: [Permission::ApiKeysRead, Permission::LlmInvoke].into_iter().collect(),
        custom: Some(custom.clone()),
    };
    (role, custom)
}

async fn add(database: &Database, (role, custom): &(Role, Custom)) -> Result<(), StoreError> {
    let mut transaction = database.begin().await;
    role::insert(&mut transaction.conn(), role, custom).await?;
    transaction.commit().await
}

async fn a_role_is_read_back_where_it_belongs(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, own, 5).await;
    let scope = Scope::Project(project.id);
    let of_organization = new_role(own, Scope::Organization, 20, "Role");
    let of_project = new_role(own, scope, 21, "Role");
    add(database, &of_organization).await.unwrap();
    add(database, &of_project).await.unwrap();
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (role, _) in [&of_organization, &of_project] {
        assert_eq!(role::find(conn, own, role.id).await.unwrap().as_ref(), Some(role));
        assert_eq!(role::find(conn, other, role.id).await.unwrap(), None);
    }
    assert_eq!(role::at(conn, own, Scope::Organization).await.unwrap(), std::slice::from_ref(&of_organization.0));
    assert_eq!(role::at(conn, own, scope).await.unwrap(), std::slice::from_ref(&of_project.0));
    assert_eq!(role::at(conn, other, Scope::Organization).await.unwrap(), []);
    let both = [of_organization.0.id, of_project.0.id];
    assert_eq!(role::among(conn, own, &both).await.unwrap().len(), 2);
    assert_eq!(role::among(conn, own, &[]).await.unwrap(), []);
    assert_eq!(role::among(conn, other, &both).await.unwrap(), []);

    let (mut changed, mut custom) = of_organization;
    changed.name = name("Changed");
    changed.permissions = PermissionSet::all();
    custom.version += 1;
    changed.custom = Some(custom.clone());
    role::update(conn, &changed, &custom).await.unwrap();
    assert_eq!(role::find(conn, own, changed.id).await.unwrap(), Some(changed.clone()));
    role::delete(conn, other, changed.id).await.unwrap();
    assert!(role::find(conn, own, changed.id).await.unwrap().is_some());
    role::delete(conn, own, changed.id).await.unwrap();
    assert_eq!(role::find(conn, own, changed.id).await.unwrap(), None);
}

async fn names_of_roles_are_unique_where_they_belong(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (one, two) = (add_project(database, own, 5).await, add_project(database, own, 6).await);
    let places = [(own, Scope::Organization), (other, Scope::Organization), (own, Scope::Project(one.id))];
    for (number, (organization, scope)) in (20..).zip(places) {
        add(database, &new_role(organization, scope, number, "Role")).await.unwrap();
    }
    add(database, &new_role(own, Scope::Project(two.id), 29, "Role")).await.unwrap();
    for (number, scope) in [(30, Scope::Organization), (31, Scope::Project(one.id))] {
        let refused = add(database, &new_role(own, scope, number, "Role")).await.unwrap_err();
        assert!(role::name_is_taken(&refused), "{refused:?}");
    }
    // Upper and lower case are two names, on both databases.
    add(database, &new_role(own, Scope::Organization, 32, "role")).await.unwrap();
}

async fn who_holds_a_role_is_found_and_forgotten(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let user = Principal::User(add_user(database, 7).await.id);
    let project = Scope::Project(add_project(database, own, 5).await.id);
    let (first, second) = (RoleId::from_uuid(uuid(20)), RoleId::from_uuid(uuid(21)));
    let by_hand = assignment(user, Scope::Organization, first);
    let by_claim = Assignment { source: Some(SsoProviderId::from_uuid(uuid(90))), ..by_hand };
    let elsewhere = assignment(user, project, second);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for given in [&by_hand, &by_claim, &elsewhere] {
        assert!(role_assignment::insert(conn, own, given).await.unwrap());
        assert!(!role_assignment::insert(conn, own, given).await.unwrap(), "it is held so already");
    }
    assert_eq!(role_assignment::of_role(conn, own, first).await.unwrap(), [by_hand, by_claim]);
    assert_eq!(role_assignment::of_role(conn, other, first).await.unwrap(), []);
    assert_eq!(role_assignment::of_principal(conn, own, user).await.unwrap(), [by_hand, by_claim, elsewhere]);
    assert_eq!(role_assignment::at(conn, own, project, "user").await.unwrap(), [elsewhere]);
    assert_eq!(role_assignment::at(conn, own, project, "group").await.unwrap(), []);
    assert!(!role_assignment::delete(conn, other, user, Scope::Organization, first, None).await.unwrap());
    assert!(role_assignment::delete(conn, own, user, Scope::Organization, first, None).await.unwrap());
    assert_eq!(role_assignment::of_role(conn, own, first).await.unwrap(), [by_claim]);
    role_assignment::delete_of_role(conn, other, first).await.unwrap();
    assert_eq!(role_assignment::of_role(conn, own, first).await.unwrap(), [by_claim]);
    role_assignment::delete_of_role(conn, own, first).await.unwrap();
    assert_eq!(role_assignment::of_principal(conn, own, user).await.unwrap(), [elsewhere]);
    role_assignment::delete_of(conn, own, user, Some(Scope::Organization)).await.unwrap();
    assert_eq!(role_assignment::of_principal(conn, own, user).await.unwrap(), [elsewhere]);
    role_assignment::delete_of(conn, own, user, None).await.unwrap();
    assert_eq!(role_assignment::of_principal(conn, own, user).await.unwrap(), []);
}

async fn roles_come_through_groups(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let user = add_user(database, 7).await;
    let made = new_group(own, 40, "Group");
    let custom = new_role(own, Scope::Organization, 20, "Role");
    add(database, &custom).await.unwrap();
    let held = assignment(Principal::Group(GroupId::from_uuid(uuid(40))), Scope::Organization, custom.0.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    organization::insert_member(conn, own, user.id, 5).await.unwrap();
    group::insert(conn, &made).await.unwrap();
    role_assignment::insert(conn, own, &held).await.unwrap();
    assert_eq!(role_assignment::through_groups(conn, own, user.id).await.unwrap(), []);
    group::add_member(conn, &made, user.id, None, 5).await.unwrap();
    assert_eq!(role_assignment::through_groups(conn, own, user.id).await.unwrap(), [held]);
    assert_eq!(role_assignment::through_groups(conn, other, user.id).await.unwrap(), []);
    let access = access::of_user(conn, own, user.id).await.unwrap().unwrap();
    assert!(access.holds(Permission::ApiKeysRead, Scope::Organization));
    assert!(!access.holds(Permission::ApiKeysCreate, Scope::Organization));
}

async fn owners_are_counted_without_disabled_ones(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (one, two) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (organization, user) in [(own, one), (own, two), (other, two)] {
        organization::insert_member(conn, organization, user, 5).await.unwrap();
        let owner = assignment(Principal::User(user), Scope::Organization, BuiltIn::OrganizationOwner.id());
        role_assignment::insert(conn, organization, &owner).await.unwrap();
    }
    assert_eq!(role_assignment::owners_besides(conn, own, one).await.unwrap(), 1);
    assert_eq!(role_assignment::owners_besides(conn, other, two).await.unwrap(), 0);
    keyward_store::member::set_disabled(conn, own, two, Some(to_millis(moment(3)))).await.unwrap();
    assert_eq!(role_assignment::owners_besides(conn, own, one).await.unwrap(), 0);
    assert_eq!(role_assignment::owners_besides(conn, own, two).await.unwrap(), 1);
}
