//! An admin key as it is answered: the specification's fields.

use keyward_domain::role::{Role, Scope};
use keyward_service::admin_key::{AdminKeyDetails, DescribedAdminKey, RevealedAdminKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    list::HasId,
    reveal::{Reveal, Shown},
};

/// An admin key.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminApiKeyObject {
    /// Always `organization.admin_api_key`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// `sk-admin-...` and its last four characters.
    pub redacted_value: String,
    /// The key itself: only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub value: Option<Shown>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it stops working, in Unix seconds; null: never.
    pub expires_at: Option<i64>,
    /// When it last opened anything, in Unix seconds, to the minute.
    pub last_used_at: Option<i64>,
    /// In whose name it acts.
    pub owner: AdminApiKeyOwner,
    /// What it may do of all that its owner may; none: all of it.
    pub roles: Vec<AdminApiKeyRole>,
}

/// A role that an admin key holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminApiKeyRole {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The project in which it is held; null: the organization.
    pub project_id: Option<String>,
}

/// The user in whose name an admin key acts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminApiKeyOwner {
    /// Always `user`.
    pub r#type: &'static str,
    /// Always `organization.user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// When their account was made, in Unix seconds.
    pub created_at: i64,
    /// `owner` or `reader`, as among the organization's users.
    pub role: &'static str,
}

impl From<DescribedAdminKey> for AdminApiKeyObject {
    fn from(described: DescribedAdminKey) -> Self {
        let DescribedAdminKey { details: AdminKeyDetails { key, owner, last_used_at }, roles, owner_is_owner } =
            described;
        let owner = AdminApiKeyOwner {
            r#type: "user",
            object: "organization.user",
            id: owner.id.to_string(),
            name: owner.name.to_string(),
            email: owner.email.to_string(),
            created_at: owner.created_at.as_second(),
            role: if owner_is_owner { "owner" } else { "reader" },
        };
        let role = |(role, scope): (Role, Scope)| AdminApiKeyRole {
            id: role.id.to_string(),
            name: role.name.to_string(),
            project_id: scope.project().map(|project| project.to_string()),
        };
        Self {
            object: "organization.admin_api_key",
            id: key.id.to_string(),
            redacted_value: key.redacted_value(),
            name: key.name.to_string(),
            value: None,
            created_at: key.created_at.as_second(),
            expires_at: key.expires_at.map(|at| at.as_second()),
            last_used_at: last_used_at.map(|at| at.as_second()),
            owner,
            roles: roles.into_iter().map(role).collect(),
        }
    }
}

impl AdminApiKeyObject {
    /// The one answer that shows the key.
    pub fn revealed(revealed: RevealedAdminKey) -> Reveal<Self> {
        Reveal(Self { value: Some(Shown(revealed.secret)), ..revealed.key.into() })
    }
}

impl HasId for AdminApiKeyObject {
    fn id(&self) -> &str {
        &self.id
    }
}
