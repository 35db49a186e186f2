//! Role assignments as they are answered: the specification's fields.

use keyward_domain::{organization::User, permission::Permission};
use keyward_service::role_assignment::{Assigned, HeldRole, Principal, Recipient};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    groups::GroupObject,
    list::HasId,
    roles::{RoleObject, resource_type},
    users::UserObject,
};

/// A role that somebody was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleAssignmentObject {
    /// `user.role` or `group.role`.
    pub object: &'static str,
    /// Who holds it, if a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserObject>,
    /// Who holds it, if a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupObject>,
    /// What is held.
    pub role: RoleObject,
}

impl From<Assigned> for RoleAssignmentObject {
    fn from(assigned: Assigned) -> Self {
        let role = assigned.role.into();
        match assigned.recipient {
            Recipient::User(user) => Self { object: "user.role", user: Some((*user).into()), group: None, role },
            Recipient::Group(group) => Self { object: "group.role", user: None, group: Some(group.into()), role },
        }
    }
}

/// A role that is held.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedRoleObject {
    /// Id of the role.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub permissions: Vec<&'static str>,
    /// `api.organization` or `api.project`: where it can be held.
    pub resource_type: &'static str,
    /// Whether it is built in.
    pub predefined_role: bool,
    /// What it is for.
    pub description: String,
    /// When the role was made, in Unix seconds; null: built in.
    pub created_at: Option<i64>,
    /// When the role was last changed, in Unix seconds; null: built in.
    pub updated_at: Option<i64>,
    /// Id of the user who made the role.
    pub created_by: Option<String>,
    /// Who made the role.
    pub created_by_user_obj: Option<RoleCreator>,
    /// Always null: roles carry no metadata.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<()>,
    /// Why it is held: the principal itself, or groups.
    pub assignment_sources: Vec<AssignmentSource>,
}

/// Who made a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleCreator {
    /// Always `user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// Their e-mail address.
    pub email: String,
    /// What they are called.
    pub name: String,
}

/// Where a role comes from.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentSource {
    /// Id of the user or the group that was given the role.
    pub principal_id: String,
    /// `user` or `group`.
    pub principal_type: &'static str,
}

impl From<Principal> for AssignmentSource {
    fn from(principal: Principal) -> Self {
        Self { principal_id: principal.to_string(), principal_type: principal.kind() }
    }
}

impl From<User> for RoleCreator {
    fn from(user: User) -> Self {
        let (email, name) = (user.email.to_string(), user.name.to_string());
        Self { object: "user", id: user.id.to_string(), email, name }
    }
}

impl From<HeldRole> for AssignedRoleObject {
    fn from(held: HeldRole) -> Self {
        let HeldRole { role, creator, sources, .. } = held;
        let custom = role.custom.as_ref();
        Self {
            id: role.id.to_string(),
            name: role.name.to_string(),
            permissions: role.permissions.iter().map(Permission::as_str).collect(),
            resource_type: resource_type(&role),
            predefined_role: custom.is_none(),
            created_at: custom.map(|custom| custom.created_at.as_second()),
            updated_at: custom.map(|custom| custom.updated_at.as_second()),
            created_by: custom.and_then(|custom| custom.created_by).map(|user| user.to_string()),
            created_by_user_obj: creator.map(Into::into),
            metadata: None,
            assignment_sources: sources.into_iter().map(Into::into).collect(),
            description: role.description,
        }
    }
}

impl HasId for AssignedRoleObject {
    fn id(&self) -> &str {
        &self.id
    }
}
