//! A person as they see themselves.

use keyward_domain::{permission::Permission, permission::PermissionSet, role::Scope};
use keyward_service::{account::Account, session::Session};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::SignedInUser, list::HasId};

/// Who is signed in, where, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountObject {
    /// Always `account`.
    pub object: &'static str,
    /// Who they are.
    pub user: SignedInUser,
    /// Where they are.
    pub organization: AccountOrganization,
    /// Where they may go, the oldest first.
    pub organizations: Vec<AccountOrganization>,
    /// What they may do where they are, in all projects too.
    pub permissions: Vec<&'static str>,
    /// The projects in which they may do more.
    pub projects: Vec<AccountProject>,
    /// Their session.
    pub session: SessionObject,
    /// Whether they have a password; otherwise they come by single sign-on only.
    pub has_password: bool,
    /// What is asked of them besides their password.
    pub second_factor: AccountSecondFactor,
}

/// An organization of theirs.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountOrganization {
    /// Always `organization`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A project in which they hold a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountProject {
    /// Its id.
    pub id: String,
    /// All that they may do there.
    pub permissions: Vec<&'static str>,
}

/// The state of their second factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountSecondFactor {
    /// Whether a code is asked of them when they sign in.
    pub enabled: bool,
    /// How many recovery codes they haven't used yet.
    pub recovery_codes_left: i64,
}

/// Somebody signed in somewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionObject {
    /// Always `account.session`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// The organization in which it acts.
    pub organization_id: String,
    /// Whether this request came by it.
    pub is_current: bool,
    /// How they proved who they are: `password` or `sso`.
    pub method: &'static str,
    /// From which address they signed in.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// When they signed in, in Unix seconds.
    pub created_at: i64,
    /// When they were last here, in Unix seconds, to the minute.
    pub last_seen_at: i64,
    /// When it ends at the latest, in Unix seconds.
    pub expires_at: i64,
}

impl SessionObject {
    /// A session as its user sees it.
    pub fn new(session: Session, is_current: bool) -> Self {
        Self {
            object: "account.session",
            id: session.id.to_string(),
            organization_id: session.organization.to_string(),
            is_current,
            method: if session.sso_provider.is_some() { "sso" } else { "password" },
            ip: session.ip,
            user_agent: session.user_agent,
            created_at: session.created_at.as_second(),
            last_seen_at: session.last_seen_at.as_second(),
            expires_at: session.expires_at.as_second(),
        }
    }
}

impl HasId for SessionObject {
    fn id(&self) -> &str {
        &self.id
    }
}

fn names(held: PermissionSet) -> Vec<&'static str> {
    held.iter().map(Permission::as_str).collect()
}

impl From<keyward_domain::organization::Organization> for AccountOrganization {
    fn from(organization: keyward_domain::organization::Organization) -> Self {
        Self { object: "organization", id: organization.id.to_string(), name: organization.name.to_string() }
    }
}

impl From<Account> for AccountObject {
    fn from(account: Account) -> Self {
        let access = &account.access;
        let projects = access.projects().map(|project| AccountProject {
            id: project.to_string(),
            permissions: names(access.at(Scope::Project(project))),
        });
        Self {
            object: "account",
            projects: projects.collect(),
            permissions: names(access.at(Scope::Organization)),
            user: (&account.user).into(),
            organization: account.organization.into(),
            organizations: account.organizations.into_iter().map(Into::into).collect(),
            session: SessionObject::new(account.session, true),
            has_password: account.has_password,
            second_factor: AccountSecondFactor {
                enabled: account.has_second_factor,
                recovery_codes_left: account.recovery_codes_left,
            },
        }
    }
}
