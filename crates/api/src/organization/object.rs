//! An organization as it is answered.

use keyward_domain::organization::OrganizationSettings;
use keyward_service::Keyward;
use serde::Serialize;
use utoipa::ToSchema;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationObject {
    /// Always `organization`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Unique in the installation.
    pub name: String,
    /// Whether members sign in by single sign-on only. Owners may use their password nevertheless.
    pub sso_required: bool,
    /// What to register at an identity provider as the address to return to.
    pub sso_redirect_uri: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl OrganizationObject {
    /// Writes an organization.
    pub fn new(keyward: &Keyward, settings: OrganizationSettings) -> Self {
        let OrganizationSettings { organization, sso_required, version } = settings;
        Self {
            object: "organization",
            id: organization.id.to_string(),
            name: organization.name.to_string(),
            sso_required,
            sso_redirect_uri: keyward.sso_redirect_uri(organization.id),
            created_at: organization.created_at.as_second(),
            version,
        }
    }
}
