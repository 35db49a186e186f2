//! What somebody may do, all roles taken together. Deny by default.

use std::collections::BTreeMap;

use crate::{
    id::ProjectId,
    permission::{Kind, Permission, PermissionSet},
    role::{BuiltIn, Role, Scope},
};

/// The permissions of one principal in one organization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Held at the organization, and so in each of its projects.
    organization: PermissionSet,
    /// Held besides in single projects.
    projects: BTreeMap<ProjectId, PermissionSet>,
    /// Whether the principal is an owner, which no set of permissions amounts to.
    is_owner: bool,
}

impl Access {
    /// An owner's.
    pub fn owner() -> Self {
        Self { organization: PermissionSet::all(), projects: BTreeMap::new(), is_owner: true }
    }

    /// A member's who holds no further role.
    pub fn member() -> Self {
        Self { organization: BuiltIn::OrganizationMember.permissions(), ..Self::default() }
    }

    /// Just these permissions, at one place.
    pub fn of(permissions: PermissionSet, scope: Scope) -> Self {
        let mut access = Self::default();
        access.add_permissions(permissions, scope);
        access
    }

    /// What a role gives by itself to whoever holds it at `scope`.
    pub fn of_role(role: &Role, scope: Scope) -> Self {
        let mut access = Self::default();
        access.add(role, scope);
        access
    }

    /// Only as much of it as holds at `scope`: what somebody must hold there who
    /// changes something about this principal in that one project.
    pub fn within(&self, scope: Scope) -> Self {
        match scope {
            Scope::Organization => self.clone(),
            Scope::Project(_) => Self::of(self.at(scope), scope),
        }
    }

    /// Takes in a role held at `scope`. One that can't be held there gives
    /// nothing.
    pub fn add(&mut self, role: &Role, scope: Scope) {
        if role.fits(scope) {
            self.is_owner |= role.built_in() == Some(BuiltIn::OrganizationOwner);
            self.add_permissions(role.permissions, scope);
        }
    }

    fn add_permissions(&mut self, permissions: PermissionSet, scope: Scope) {
        match scope {
            Scope::Organization => self.organization = self.organization | permissions,
            Scope::Project(project) => {
                let held = self.projects.entry(project).or_default();
                *held = *held | permissions.without_kind(Kind::Organization);
            }
        }
    }

    /// Whether the principal is an owner of the organization.
    pub const fn is_owner(&self) -> bool {
        self.is_owner
    }

    /// All that is held at `scope`.
    pub fn at(&self, scope: Scope) -> PermissionSet {
        match scope {
            Scope::Organization => self.organization,
            Scope::Project(project) => {
                let everywhere = self.organization.without_kind(Kind::Organization);
                self.projects.get(&project).map_or(everywhere, |here| everywhere | *here)
            }
        }
    }

    /// Whether `permission` is held at `scope`.
    pub fn holds(&self, permission: Permission, scope: Scope) -> bool {
        self.at(scope).contains(permission)
    }

    /// Whether the principal knows of the project at all.
    pub fn sees(&self, project: ProjectId) -> bool {
        !self.at(Scope::Project(project)).is_empty()
    }

    /// The projects in which more is held than at the organization.
    pub fn projects(&self) -> impl Iterator<Item = ProjectId> {
        self.projects.keys().copied()
    }

    /// The projects in which `permission` is held, when it isn't held in all.
    pub fn projects_with(&self, permission: Permission) -> impl Iterator<Item = ProjectId> {
        self.projects.iter().filter(move |(_, held)| held.contains(permission)).map(|(project, _)| *project)
    }

    /// The first permission that `other` holds and this one doesn't, and where;
    /// `None` if this one holds all of it.
    pub fn lacks(&self, other: &Self) -> Option<(Permission, Scope)> {
        let scopes = other.projects.keys().map(|project| Scope::Project(*project));
        std::iter::once(Scope::Organization)
            .chain(scopes)
            .find_map(|scope| (other.at(scope) - self.at(scope)).iter().next().map(|permission| (permission, scope)))
    }

    /// Whether this one may do all that `other` may, and is an owner if the
    /// other is.
    pub fn covers(&self, other: &Self) -> bool {
        (self.is_owner || !other.is_owner) && self.lacks(other).is_none()
    }

    /// What both hold: a key made for some roles, in the name of somebody who
    /// holds others.
    pub fn both(&self, other: &Self) -> Self {
        let projects = self.projects.keys().chain(other.projects.keys());
        let projects = projects.map(|project| {
            let scope = Scope::Project(*project);
            (*project, self.at(scope) & other.at(scope))
        });
        Self {
            projects: projects.filter(|(_, held)| !held.is_empty()).collect(),
            organization: self.organization & other.organization,
            is_owner: self.is_owner && other.is_owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::id::OrganizationId;

    fn project(number: u128) -> ProjectId {
        ProjectId::from_uuid(Uuid::from_u128(number))
    }

    fn holding(roles: &[(BuiltIn, Scope)]) -> Access {
        let mut access = Access::member();
        for (role, scope) in roles {
            access.add(&role.role(OrganizationId::from_uuid(Uuid::nil())), *scope);
        }
        access
    }

    fn any_access() -> impl Strategy<Value = Access> {
        let roles = proptest::collection::vec((0usize..7, 0u128..4), 0..5);
        roles.prop_map(|roles| {
            let scope = |place| if place == 0 { Scope::Organization } else { Scope::Project(project(place)) };
            holding(&roles.into_iter().map(|(role, place)| (BuiltIn::ALL[role], scope(place))).collect::<Vec<_>>())
        })
    }

    #[test]
    fn a_project_role_reaches_no_other_project() {
        let admin = holding(&[(BuiltIn::ProjectAdmin, Scope::Project(project(1)))]);
        assert!(admin.holds(Permission::ApiKeysCreate, Scope::Project(project(1))));
        assert!(!admin.sees(project(2)) && !admin.holds(Permission::ApiKeysCreate, Scope::Organization));
        assert_eq!(admin.projects_with(Permission::AuditRead).collect::<Vec<_>>(), [project(1)]);
        assert!(!holding(&[]).sees(project(1)));
    }

    #[test]
    fn an_organization_role_reaches_every_project_and_fits_only_the_organization() {
        let auditor = holding(&[(BuiltIn::OrganizationAuditor, Scope::Organization)]);
        assert!(auditor.holds(Permission::ApiKeysRead, Scope::Project(project(1))));
        let misplaced = holding(&[(BuiltIn::OrganizationOwner, Scope::Project(project(1)))]);
        assert_eq!(misplaced, Access::member());
    }

    #[test]
    fn only_an_owner_covers_an_owner() {
        let everything = Access { is_owner: false, ..Access::owner() };
        assert!(!everything.covers(&Access::owner()) && everything.lacks(&Access::owner()).is_none());
        assert!(Access::owner().covers(&everything));
    }

    proptest! {
        #[test]
        fn what_both_hold_is_never_more_than_either_holds(a in any_access(), b in any_access()) {
            let both = a.both(&b);
            prop_assert!(a.covers(&both) && b.covers(&both));
            prop_assert_eq!(&a.both(&a), &a.both(&Access::owner()));
        }

        #[test]
        fn covering_is_transitive_and_an_owner_covers_everybody(a in any_access(), b in any_access(), c in any_access()) {
            prop_assert!(Access::owner().covers(&a) && a.covers(&a));
            if a.covers(&b) && b.covers(&c) {
                prop_assert!(a.covers(&c));
            }
        }
    }
}
