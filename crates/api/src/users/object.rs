//! A member as they are answered: the specification's fields, then Keyward's.

use keyward_service::member::{MemberDetails, Membership};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A member of the organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserObject {
    /// Always `organization.user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// `owner`, or `reader` for everybody else; further roles are listed at
    /// `/v1/organization/users/{user_id}/roles`.
    pub role: &'static str,
    /// Since when they are a member, in Unix seconds.
    pub added_at: i64,
    /// When their account was made, in Unix seconds.
    pub created: i64,
    /// Their account.
    pub user: AccountObject,
    /// The projects that they were added to, as far as you may see who is in
    /// them.
    pub projects: UserProjects,
    /// When an API key that they made was last used, in Unix seconds.
    pub api_key_last_used_at: Option<i64>,
    /// Always false.
    pub is_default: bool,
    /// Always false.
    pub is_service_account: bool,
    /// Always false.
    pub is_scim_managed: bool,
    /// Always null.
    #[schema(value_type = Option<bool>)]
    pub is_scale_tier_authorized_purchaser: Option<()>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    pub technical_level: Option<()>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    pub developer_persona: Option<()>,
    /// Since when they may do nothing in the organization, in Unix seconds;
    /// null: they may do what their roles say.
    pub disabled_at: Option<i64>,
    /// Whether signing in takes more than their password.
    pub second_factor: bool,
}

/// The account of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountObject {
    /// Always `user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// Their e-mail address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Always null.
    #[schema(value_type = Option<String>)]
    pub picture: Option<()>,
    /// Whether they aren't disabled in this organization.
    pub enabled: bool,
    /// Always false.
    pub banned: bool,
    /// Always null.
    #[schema(value_type = Option<i64>)]
    pub banned_at: Option<()>,
}

/// The projects of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserProjects {
    /// Always `list`.
    pub object: &'static str,
    /// The projects.
    pub data: Vec<UserProject>,
}

/// A project of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserProject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `owner`, `member`, `viewer`, or the id of a custom role.
    pub role: String,
}

impl From<Membership> for UserProject {
    fn from(membership: Membership) -> Self {
        Self { id: membership.project.to_string(), name: membership.name.to_string(), role: membership.role }
    }
}

impl From<MemberDetails> for UserObject {
    fn from(details: MemberDetails) -> Self {
        let MemberDetails { member, role, projects, api_key_last_used_at, .. } = details;
        let (id, name, email) =
            (member.user.id.to_string(), member.user.name.to_string(), member.user.email.to_string());
        let account = AccountObject {
            object: "user",
            id: id.clone(),
            email: email.clone(),
            name: name.clone(),
            picture: None,
            enabled: member.disabled_at.is_none(),
            banned: false,
            banned_at: None,
        };
        Self {
            object: "organization.user",
            id,
            name,
            email,
            role,
            added_at: member.added_at.as_second(),
            created: member.user.created_at.as_second(),
            user: account,
            projects: UserProjects { object: "list", data: projects.into_iter().map(Into::into).collect() },
            api_key_last_used_at: api_key_last_used_at.map(|at| at.as_second()),
            is_default: false,
            is_service_account: false,
            is_scim_managed: false,
            is_scale_tier_authorized_purchaser: None,
            technical_level: None,
            developer_persona: None,
            disabled_at: member.disabled_at.map(|at| at.as_second()),
            second_factor: member.second_factor,
        }
    }
}

impl HasId for UserObject {
    fn id(&self) -> &str {
        &self.id
    }
}
