//! A group and its members as they are answered: the specification's fields.

use keyward_domain::{group::Group, organization::User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A group of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupObject {
    /// Always `group`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Unique in the organization.
    pub name: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Always `group`.
    pub group_type: &'static str,
    /// Always false.
    pub is_scim_managed: bool,
    /// Always false.
    pub scim_managed: bool,
}

impl From<Group> for GroupObject {
    fn from(group: Group) -> Self {
        Self {
            object: "group",
            id: group.id.to_string(),
            name: group.name.to_string(),
            created_at: group.created_at.as_second(),
            group_type: "group",
            is_scim_managed: false,
            scim_managed: false,
        }
    }
}

impl HasId for GroupObject {
    fn id(&self) -> &str {
        &self.id
    }
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupUserObject {
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// Always null.
    #[schema(value_type = Option<String>)]
    pub picture: Option<()>,
    /// Always false.
    pub is_service_account: bool,
    /// Always `user`.
    pub user_type: &'static str,
}

impl From<User> for GroupUserObject {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            picture: None,
            is_service_account: false,
            user_type: "user",
        }
    }
}

impl HasId for GroupUserObject {
    fn id(&self) -> &str {
        &self.id
    }
}
