//! Admin keys that may do less than their owner.
#![cfg(test)]

mod support;

use keyward_domain::{
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::{
    Error, Result,
    admin_key::{self, CreateAdminKey, RevealedAdminKey, WantedRole},
};
use support::{House, name};

fn with(roles: &[(BuiltIn, Scope)]) -> CreateAdminKey {
    let roles = roles.iter().map(|(role, scope)| WantedRole { role: role.id(), scope: *scope }).collect();
    CreateAdminKey { name: name("CI"), expires_in_seconds: None, roles, idempotency: None }
}

/// Whoever comes in with that key.
async fn bearer(house: &House, key: &RevealedAdminKey) -> Result<Actor> {
    let (key, owner) = (&key.key.details.key, &key.key.details.owner);
    let identity = Identity::AdminKey { id: key.id, owner: owner.id, owner_email: owner.email.clone() };
    let (organization, origin) = (key.organization, RequestOrigin::default());
    house.keyward.admit(Actor { organization, identity, access: Access::default(), origin }).await
}

#[tokio::test]
async fn a_key_holds_its_roles_and_no_more() {
    let house = House::new().await;
    let (project, other) = (house.project("Search").await.id, house.project("Other").await.id);
    let roles = [(BuiltIn::OrganizationAuditor, Scope::Organization), (BuiltIn::ProjectAdmin, Scope::Project(project))];
    let key = admin_key::create(&house.keyward, &house.owner(), with(&roles)).await.unwrap();
    let bearer = bearer(&house, &key).await.unwrap();
    for (permission, scope, holds) in [
        (Permission::AuditExport, Scope::Organization, true),
        (Permission::AdminKeysManage, Scope::Organization, false),
        (Permission::ApiKeysCreate, Scope::Project(project), true),
        (Permission::ApiKeysCreate, Scope::Project(other), false),
    ] {
        assert_eq!(bearer.access.holds(permission, scope), holds, "{permission} {scope:?}");
    }
    assert!(!bearer.access.is_owner());
    let found = admin_key::find(&house.keyward, &house.owner(), key.key.details.key.id).await.unwrap();
    assert_eq!(found.roles.len(), 2);
    assert!(found.owner_is_owner);
}

#[tokio::test]
async fn a_key_makes_no_stronger_key() {
    let house = House::new().await;
    let roles = [(BuiltIn::OrganizationAdmin, Scope::Organization)];
    let key = admin_key::create(&house.keyward, &house.owner(), with(&roles)).await.unwrap();
    let weaker = bearer(&house, &key).await.unwrap();
    for roles in [&[][..], &[(BuiltIn::OrganizationOwner, Scope::Organization)]] {
        let refused = admin_key::create(&house.keyward, &weaker, with(roles)).await;
        assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    }
    admin_key::create(&house.keyward, &weaker, with(&roles)).await.unwrap();

    // Nor does it take away one that may do more.
    let strong = admin_key::create(&house.keyward, &house.owner(), with(&[])).await.unwrap();
    let refused = admin_key::delete(&house.keyward, &weaker, strong.key.details.key.id).await;
    assert!(matches!(refused, Err(Error::Escalation { .. })), "{refused:?}");
    admin_key::delete(&house.keyward, &weaker, key.key.details.key.id).await.unwrap();
    let gone = bearer(&house, &key).await;
    assert!(matches!(gone, Err(Error::SignedOut)), "{gone:?}");
}

#[tokio::test]
async fn a_role_is_held_where_it_fits() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    for wrong in [(BuiltIn::ProjectAdmin, Scope::Organization), (BuiltIn::OrganizationAdmin, Scope::Project(project))] {
        let refused = admin_key::create(&house.keyward, &house.owner(), with(&[wrong])).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == "roles[0].role_id"), "{refused:?}");
    }
    let theirs = house.stranger("Second").await;
    let theirs = house.project_of(&theirs, "Theirs").await.id;
    let refused =
        admin_key::create(&house.keyward, &house.owner(), with(&[(BuiltIn::ProjectAdmin, Scope::Project(theirs))]))
            .await;
    assert!(matches!(refused, Err(Error::NotFound("project"))), "{refused:?}");
}
