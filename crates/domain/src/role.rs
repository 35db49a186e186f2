//! Roles: a name for some permissions, held at an organization or at one
//! project. Seven are built in; others are an organization's own.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Invalid, Name,
    id::{OrganizationId, ProjectId, RoleId, UserId},
    permission::{Kind, Permission, PermissionSet},
};

/// Where a role is defined and held, and where a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The organization: what is held here holds in each of its projects.
    Organization,
    /// One project.
    Project(ProjectId),
}

impl Scope {
    /// The project, if it is one.
    pub const fn project(self) -> Option<ProjectId> {
        match self {
            Self::Organization => None,
            Self::Project(project) => Some(project),
        }
    }

    /// The specification's word for it.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Organization => "api.organization",
            Self::Project(_) => "api.project",
        }
    }
}

/// A role that every organization has, and that nobody can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BuiltIn {
    /// Everything, and the only one who can make another owner.
    OrganizationOwner,
    /// Everything but the organization itself and how people sign in.
    OrganizationAdmin,
    /// Reads everything that isn't data, the audit log included.
    OrganizationAuditor,
    /// What every member holds: that there is such an organization.
    OrganizationMember,
    /// Everything in one project.
    ProjectAdmin,
    /// The data of one project.
    ProjectMember,
    /// Reads in one project.
    ProjectViewer,
}

impl BuiltIn {
    /// All of them, in the order of the matrix.
    pub const ALL: [Self; 7] = [
        Self::OrganizationOwner,
        Self::OrganizationAdmin,
        Self::OrganizationAuditor,
        Self::OrganizationMember,
        Self::ProjectAdmin,
        Self::ProjectMember,
        Self::ProjectViewer,
    ];

    /// Its id, the same in every installation.
    pub const fn id(self) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(0x7000_8000_0000_0000_0001 + self as u128))
    }

    /// The built-in role with that id.
    pub fn find(id: RoleId) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrganizationOwner => "Organization Owner",
            Self::OrganizationAdmin => "Organization Admin",
            Self::OrganizationAuditor => "Organization Auditor",
            Self::OrganizationMember => "Organization Member",
            Self::ProjectAdmin => "Project Admin",
            Self::ProjectMember => "Project Member",
            Self::ProjectViewer => "Project Viewer",
        }
    }

    /// What it is for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::OrganizationOwner => "Everything, in every project. Only an owner makes another owner.",
            Self::OrganizationAdmin => "Everything but the organization itself and single sign-on.",
            Self::OrganizationAuditor => "Reads administration and the audit log, in every project. No data.",
            Self::OrganizationMember => "What every member holds. Projects come by further roles.",
            Self::ProjectAdmin => "Everything in the project.",
            Self::ProjectMember => "The project's data. Reads the project and its keys.",
            Self::ProjectViewer => "Reads the project and its data, as far as visibility rules show it.",
        }
    }

    /// Whether it is held at the organization; otherwise at a project.
    pub const fn is_of_organization(self) -> bool {
        matches!(
            self,
            Self::OrganizationOwner | Self::OrganizationAdmin | Self::OrganizationAuditor | Self::OrganizationMember
        )
    }

    /// Whether it can be held at `scope`.
    pub const fn fits(self, scope: Scope) -> bool {
        self.is_of_organization() == matches!(scope, Scope::Organization)
    }

    /// The built-in matrix: enforcement, the admin API, the documentation and
    /// tests all read it here.
    pub const fn holds(self, permission: Permission) -> bool {
        use Permission as P;
        let kind = permission.kind();
        match self {
            Self::OrganizationOwner => true,
            Self::OrganizationAdmin => !matches!(permission, P::OrganizationUpdate | P::SsoManage),
            Self::OrganizationAuditor => {
                matches!(permission, P::AuditExport) || (!matches!(kind, Kind::Data) && permission.is_read())
            }
            Self::OrganizationMember => matches!(permission, P::OrganizationRead),
            Self::ProjectAdmin => !matches!(kind, Kind::Organization),
            Self::ProjectMember => matches!(kind, Kind::Data) || matches!(permission, P::ProjectRead | P::ApiKeysRead),
            Self::ProjectViewer => {
                !matches!(kind, Kind::Organization) && permission.is_read() && !matches!(permission, P::AuditRead)
            }
        }
    }

    /// All that it holds.
    pub fn permissions(self) -> PermissionSet {
        Permission::ALL.iter().copied().filter(|permission| self.holds(*permission)).collect()
    }

    /// The role as any other.
    pub fn role(self, organization: OrganizationId) -> Role {
        Role {
            id: self.id(),
            organization,
            project: None,
            name: Name::from_stored(self.name().to_owned()),
            description: self.description().to_owned(),
            permissions: self.permissions(),
            custom: None,
        }
    }
}

/// A role, built in or an organization's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The project that it belongs to; `None`: the organization, or built in.
    pub project: Option<ProjectId>,
    /// What it is called, unique where it belongs.
    pub name: Name,
    /// What it is for; empty for none.
    pub description: String,
    /// What it holds: at least one.
    pub permissions: PermissionSet,
    /// Who made it and when; `None` for a built-in one.
    pub custom: Option<Custom>,
}

/// What only roles have that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// In whose name it was made.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// What the audit log keeps of a role.
#[derive(Debug, Serialize)]
pub struct RoleState<'a> {
    name: &'a Name,
    description: &'a str,
    permissions: Vec<&'static str>,
}

impl Role {
    /// Whether it is built in.
    pub fn built_in(&self) -> Option<BuiltIn> {
        BuiltIn::find(self.id)
    }

    /// Whether it can be held at `scope`: a built-in one at its own level, an
    /// organization's at the organization, a project's at that project.
    pub fn fits(&self, scope: Scope) -> bool {
        match self.built_in() {
            Some(built_in) => built_in.fits(scope),
            None => self.project == scope.project(),
        }
    }

    /// What the audit log keeps of it.
    pub fn state(&self) -> RoleState<'_> {
        RoleState {
            name: &self.name,
            description: &self.description,
            permissions: self.permissions.iter().map(Permission::as_str).collect(),
        }
    }
}

/// Reads the permissions of a role that is held at `scope`.
pub fn parse_permissions(param: &str, scope: Scope, names: &[String]) -> Result<PermissionSet, Invalid> {
    let mut unknown = Vec::new();
    let mut misplaced = Vec::new();
    let mut set = PermissionSet::default();
    for name in names {
        match Permission::parse(name) {
            None => unknown.push(name.chars().take(80).collect::<String>()),
            Some(permission) if permission.kind() == Kind::Organization && scope != Scope::Organization => {
                misplaced.push(permission.as_str());
            }
            Some(permission) => set = set.with(permission),
        }
    }
    let refuse = |why: String| Err(Invalid::new(param, why));
    if !unknown.is_empty() {
        return refuse(format!(
            "There is no such permission: {}. GET /v1/organization/permissions lists them all.",
            unknown.join(", ")
        ));
    }
    if !misplaced.is_empty() {
        return refuse(format!("Only a role of the organization can hold {}.", misplaced.join(", ")));
    }
    if set.is_empty() {
        return refuse(format!("{param} is empty: a role holds at least one permission."));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_role_is_found_by_its_id_and_holds_no_more_than_its_level() {
        for role in BuiltIn::ALL {
            assert_eq!(BuiltIn::find(role.id()), Some(role));
            let organization = role.permissions().of_kind(Kind::Organization);
            assert_eq!(organization.is_empty(), !role.is_of_organization(), "{}", role.name());
        }
        assert_eq!(BuiltIn::OrganizationOwner.id().to_string(), "role_00000000000070008000000000000001");
        assert_eq!(BuiltIn::find(RoleId::from_uuid(Uuid::nil())), None);
    }

    #[test]
    fn the_matrix_says_what_the_product_says() {
        use Permission as P;
        assert_eq!(BuiltIn::OrganizationOwner.permissions(), PermissionSet::all());
        assert_eq!(BuiltIn::OrganizationMember.permissions(), [P::OrganizationRead].into_iter().collect());
        assert_eq!(BuiltIn::OrganizationAuditor.permissions().of_kind(Kind::Data), PermissionSet::default());
        assert!(BuiltIn::OrganizationAuditor.holds(P::AuditExport) && BuiltIn::OrganizationAuditor.holds(P::AuditRead));
        assert!(!BuiltIn::OrganizationAuditor.holds(P::ApiKeysCreate));
        for denied in [P::OrganizationUpdate, P::SsoManage] {
            assert!(!BuiltIn::OrganizationAdmin.holds(denied));
        }
        assert!(BuiltIn::ProjectMember.holds(P::LlmInvoke) && !BuiltIn::ProjectMember.holds(P::ApiKeysCreate));
        assert!(BuiltIn::ProjectViewer.holds(P::TracesRead) && !BuiltIn::ProjectViewer.holds(P::LlmInvoke));
        assert!(!BuiltIn::ProjectViewer.holds(P::AuditRead) && !BuiltIn::ProjectViewer.holds(P::TracesExport));
    }

    #[test]
    fn unknown_permissions_are_named() {
        let read = |scope, names: &[&str]| {
            parse_permissions("permissions", scope, &names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let project = Scope::Project(ProjectId::from_uuid(Uuid::nil()));
        let refused = read(Scope::Organization, &["api_keys:read", "api_keys:eat", "x"]).unwrap_err();
        assert!(refused.message.contains("api_keys:eat, x"), "{}", refused.message);
        assert!(read(project, &["projects:create"]).unwrap_err().message.contains("projects:create"));
        assert!(read(Scope::Organization, &[]).is_err());
        assert_eq!(read(project, &["llm:invoke", "llm:invoke"]).unwrap().iter().count(), 1);
    }
}
