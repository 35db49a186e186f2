//! A credential as it is answered: everything but its secret.

use std::collections::BTreeMap;

use keyward_service::credential::CredentialDetails;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A credential.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialObject {
    /// Always `organization.project.credential`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Who is called with it.
    pub provider: &'static str,
    /// Unique among its project's, or the organization's own.
    pub name: String,
    /// Where the provider is; null for the built-in one.
    pub base_url: Option<String>,
    /// The secret, masked; null when it has none.
    pub redacted_value: Option<String>,
    /// Names that callers may use, and the provider's model behind each.
    pub aliases: BTreeMap<String, String>,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among credentials of the same priority: 1 to 1000.
    pub weight: u16,
    /// Whether the organization's credential is seen from a project.
    pub inherited: bool,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// When a call was last made with it, in Unix seconds.
    pub last_used_at: Option<i64>,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl HasId for CredentialObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<CredentialDetails> for CredentialObject {
    fn from(details: CredentialDetails) -> Self {
        let CredentialDetails { credential, last_used_at, inherited } = details;
        Self {
            object: "organization.project.credential",
            id: credential.id.to_string(),
            provider: credential.provider.as_str(),
            base_url: credential.effective_base_url().map(str::to_owned),
            name: credential.name.to_string(),
            redacted_value: credential.redacted_value,
            aliases: credential.aliases.0,
            priority: credential.priority,
            weight: credential.weight.get(),
            inherited,
            created_at: credential.created_at.as_second(),
            updated_at: credential.updated_at.as_second(),
            last_used_at: last_used_at.map(|at| at.as_second()),
            version: credential.version,
        }
    }
}
