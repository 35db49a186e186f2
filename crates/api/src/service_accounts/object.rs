//! A service account as it is answered: the specification's fields.

use keyward_domain::service_account::ServiceAccount;
use keyward_service::api_key::RevealedApiKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{list::HasId, reveal::Shown};

/// A service account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAccountObject {
    /// Always `organization.project.service_account`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Always `member`: it administers nothing, and its keys do what their scopes say.
    pub role: &'static str,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
}

impl From<ServiceAccount> for ServiceAccountObject {
    fn from(account: ServiceAccount) -> Self {
        Self {
            object: "organization.project.service_account",
            id: account.id.to_string(),
            name: account.name.to_string(),
            role: "member",
            created_at: account.created_at.as_second(),
        }
    }
}

impl HasId for ServiceAccountObject {
    fn id(&self) -> &str {
        &self.id
    }
}

/// An API key of a service account, with its text: the only time that it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAccountApiKeyObject {
    /// Always `organization.project.service_account.api_key`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The key itself.
    #[schema(value_type = String)]
    pub value: Shown,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
}

impl From<RevealedApiKey> for ServiceAccountApiKeyObject {
    fn from(revealed: RevealedApiKey) -> Self {
        let key = revealed.details.key;
        Self {
            object: "organization.project.service_account.api_key",
            id: key.id.to_string(),
            name: key.name.to_string(),
            value: Shown(revealed.secret),
            created_at: key.created_at.as_second(),
        }
    }
}
