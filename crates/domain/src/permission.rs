//! The closed list of permissions. Deny by default: what isn't held isn't allowed.

use crate::Invalid;

macro_rules! permissions {
    ($($variant:ident $name:literal $kind:ident,)*) => {
        /// One permission, `resource:action`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the name of each is its meaning")]
        pub enum Permission { $($variant,)* }

        impl Permission {
            /// All of them, in the order of the product's matrix.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// `resource:action`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the permission is about.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

/// Which group of the closed list a permission belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Held through an organization's role only.
    Organization,
    /// Administration, of one project or of all.
    Administration,
    /// Data of a project; also the scopes of an API key.
    Data,
}

impl Kind {
    /// The group's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Administration => "administration",
            Self::Data => "data",
        }
    }
}

permissions! {
    OrganizationRead "organization:read" Organization,
    OrganizationUpdate "organization:update" Organization,
    ProjectsCreate "projects:create" Organization,
    AdminKeysRead "admin_keys:read" Organization,
    AdminKeysManage "admin_keys:manage" Organization,
    GroupsRead "groups:read" Organization,
    GroupsManage "groups:manage" Organization,
    SsoManage "sso:manage" Organization,
    PricesManage "prices:manage" Organization,
    ProjectRead "project:read" Administration,
    ProjectUpdate "project:update" Administration,
    ProjectDeactivate "project:deactivate" Administration,
    MembersRead "members:read" Administration,
    MembersManage "members:manage" Administration,
    RolesRead "roles:read" Administration,
    RolesManage "roles:manage" Administration,
    RolesAssign "roles:assign" Administration,
    ApiKeysRead "api_keys:read" Administration,
    ApiKeysCreate "api_keys:create" Administration,
    ApiKeysUpdate "api_keys:update" Administration,
    ApiKeysRotate "api_keys:rotate" Administration,
    ApiKeysRevoke "api_keys:revoke" Administration,
    ApiKeysDelete "api_keys:delete" Administration,
    ServiceAccountsRead "service_accounts:read" Administration,
    ServiceAccountsManage "service_accounts:manage" Administration,
    CredentialsRead "credentials:read" Administration,
    CredentialsManage "credentials:manage" Administration,
    LimitsRead "limits:read" Administration,
    LimitsManage "limits:manage" Administration,
    VisibilityRead "visibility:read" Administration,
    VisibilityManage "visibility:manage" Administration,
    RetentionRead "retention:read" Administration,
    RetentionManage "retention:manage" Administration,
    AuditRead "audit:read" Administration,
    AuditExport "audit:export" Administration,
    UsageRead "usage:read" Administration,
    AlertsRead "alerts:read" Administration,
    AlertsManage "alerts:manage" Administration,
    BiasProfilesRead "bias_profiles:read" Administration,
    BiasProfilesManage "bias_profiles:manage" Administration,
    LlmInvoke "llm:invoke" Data,
    TracesIngest "traces:ingest" Data,
    TracesRead "traces:read" Data,
    TracesDelete "traces:delete" Data,
    TracesExport "traces:export" Data,
    PromptsRead "prompts:read" Data,
    PromptsWrite "prompts:write" Data,
    PromptsLabel "prompts:label" Data,
    ApplicationsRead "applications:read" Data,
    ApplicationsWrite "applications:write" Data,
    ApplicationsRun "applications:run" Data,
    DatasetsRead "datasets:read" Data,
    DatasetsWrite "datasets:write" Data,
    ExperimentsRead "experiments:read" Data,
    ExperimentsWrite "experiments:write" Data,
    EvaluationsRead "evaluations:read" Data,
    EvaluationsWrite "evaluations:write" Data,
    ScoresRead "scores:read" Data,
    ScoresWrite "scores:write" Data,
    BiasCheck "bias:check" Data,
}

impl Permission {
    /// Whether it only looks: its action is `read`.
    pub const fn is_read(self) -> bool {
        matches!(self.as_str().as_bytes(), [.., b':', b'r', b'e', b'a', b'd'])
    }

    /// The permission of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u64);

const _: () = assert!(Permission::ALL.len() <= 64, "PermissionSet has one bit a permission");

impl PermissionSet {
    /// Every permission: what an organization's owner holds.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Every data permission: what an API key without scopes may do.
    pub fn all_data() -> Self {
        Permission::ALL.iter().copied().filter(|p| p.kind() == Kind::Data).collect()
    }

    /// The set with one permission more.
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u64)
    }

    /// Those of one kind.
    pub fn of_kind(self, kind: Kind) -> Self {
        self.iter().filter(|permission| permission.kind() == kind).collect()
    }

    /// Those of every other kind.
    pub fn without_kind(self, kind: Kind) -> Self {
        self - self.of_kind(kind)
    }

    /// Whether none is held.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `permission` is held.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// The permissions held, in the order of the closed list.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::default(), Self::with)
    }
}

impl std::ops::BitOr for PermissionSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitAnd for PermissionSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl std::ops::Sub for PermissionSet {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// Reads the scopes of an API key: names of data permissions; none means all.
pub fn parse_scopes(param: &str, names: &[String]) -> Result<Vec<Permission>, Invalid> {
    let mut scopes = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let scope = Permission::parse(name).filter(|permission| permission.kind() == Kind::Data).ok_or_else(|| {
            let known: Vec<_> = PermissionSet::all_data().iter().map(Permission::as_str).collect();
            let shown: String = name.chars().take(80).collect();
            Invalid::new(
                format!("{param}[{index}]"),
                format!("{shown:?} is not a scope. Scopes are: {}.", known.join(", ")),
            )
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_name_of_its_own() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
    }

    #[test]
    fn a_set_holds_just_what_was_put_in() {
        let set: PermissionSet = [Permission::LlmInvoke, Permission::OrganizationRead].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Permission::OrganizationRead, Permission::LlmInvoke]);
        assert!(!set.contains(Permission::ApiKeysCreate));
    }

    #[test]
    fn administration_is_no_scope() {
        let error = parse_scopes("scopes", &["llm:invoke".into(), "api_keys:create".into()]).unwrap_err();
        assert_eq!(error.param, "scopes[1]");
        assert_eq!(
            parse_scopes("scopes", &["bias:check".into(), "bias:check".into()]),
            Ok(vec![Permission::BiasCheck])
        );
    }
}
