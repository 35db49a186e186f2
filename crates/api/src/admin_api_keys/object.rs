//! An admin key as it is answered: the specification's fields.

use keyward_domain::organization::User;
use keyward_service::admin_key::{AdminKeyDetails, RevealedAdminKey};
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
    /// Always `owner`.
    pub role: &'static str,
}

impl From<User> for AdminApiKeyOwner {
    fn from(user: User) -> Self {
        Self {
            r#type: "user",
            object: "organization.user",
            id: user.id.to_string(),
            name: user.name.to_string(),
            email: user.email.to_string(),
            created_at: user.created_at.as_second(),
            role: "owner",
        }
    }
}

impl From<AdminKeyDetails> for AdminApiKeyObject {
    fn from(details: AdminKeyDetails) -> Self {
        let key = details.key;
        Self {
            object: "organization.admin_api_key",
            id: key.id.to_string(),
            redacted_value: key.redacted_value(),
            name: key.name.to_string(),
            value: None,
            created_at: key.created_at.as_second(),
            expires_at: key.expires_at.map(|at| at.as_second()),
            last_used_at: details.last_used_at.map(|at| at.as_second()),
            owner: details.owner.into(),
        }
    }
}

impl AdminApiKeyObject {
    /// The one answer that shows the key.
    pub fn revealed(revealed: RevealedAdminKey) -> Reveal<Self> {
        Reveal(Self { value: Some(Shown(revealed.secret)), ..revealed.details.into() })
    }
}

impl HasId for AdminApiKeyObject {
    fn id(&self) -> &str {
        &self.id
    }
}
