//! A single sign-on provider as it is answered: everything but its secret.

use keyward_domain::sso::{MappingText, SsoProvider};
use keyward_service::Keyward;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list::HasId;

/// An OpenID Connect provider that the organization trusts to say who its people are.
#[derive(Debug, Serialize, ToSchema)]
pub struct SsoProviderObject {
    /// Always `organization.sso_provider`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Unique in the organization.
    pub name: String,
    /// Where it is, and how it calls itself.
    pub issuer: String,
    /// How Keyward is registered there.
    pub client_id: String,
    /// The client secret, masked; null when it has none.
    pub redacted_value: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Which claims give what.
    pub mappings: Vec<MappingObject>,
    /// Whether somebody unknown with a verified address becomes a member at their first sign-in.
    pub creates_members: bool,
    /// Whether anybody can sign in by it.
    pub enabled: bool,
    /// What to register at the provider as the address to return to.
    pub redirect_uri: String,
    /// Where a browser begins to sign in.
    pub sign_in_url: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

/// Whoever comes with this value of this claim gets this: a group, or a role.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingObject {
    /// The claim's name.
    pub claim: String,
    /// Its value, or one of its values where it is a list.
    pub value: String,
    /// The group that they become a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The role that they get; never Organization Owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,
    /// At which project they get the role; null: at the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
}

impl From<MappingObject> for MappingText {
    fn from(object: MappingObject) -> Self {
        let MappingObject { claim, value, group_id, role_id, project_id } = object;
        Self { claim, value, group_id, role_id, project_id }
    }
}

impl From<MappingText> for MappingObject {
    fn from(text: MappingText) -> Self {
        let MappingText { claim, value, group_id, role_id, project_id } = text;
        Self { claim, value, group_id, role_id, project_id }
    }
}

impl HasId for SsoProviderObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl SsoProviderObject {
    /// Writes a provider.
    pub fn new(keyward: &Keyward, provider: SsoProvider) -> Self {
        Self {
            object: "organization.sso_provider",
            id: provider.id.to_string(),
            name: provider.name.to_string(),
            issuer: provider.issuer.as_str().to_owned(),
            client_id: provider.client_id.as_str().to_owned(),
            scopes: provider.scopes.as_slice().to_vec(),
            mappings: provider.mappings.iter().map(|mapping| mapping.text().into()).collect(),
            creates_members: provider.creates_members,
            enabled: provider.enabled,
            redirect_uri: keyward.sso_redirect_uri(provider.organization),
            sign_in_url: keyward.sso_sign_in_url(provider.id),
            redacted_value: provider.redacted_value,
            created_at: provider.created_at.as_second(),
            updated_at: provider.updated_at.as_second(),
            version: provider.version,
        }
    }
}
