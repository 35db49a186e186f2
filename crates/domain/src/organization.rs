//! An organization and its users.

use jiff::Timestamp;

use crate::{
    Invalid, Name,
    id::{OrganizationId, UserId},
};

/// An organization: the tenant. Nothing of one is ever visible to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name; unique in the installation.
    pub name: Name,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An organization with what its owners decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationSettings {
    /// The organization.
    pub organization: Organization,
    /// Whether members sign in by single sign-on only; owners may use their
    /// password nevertheless, or a broken provider would shut everybody out.
    pub sso_required: bool,
    /// Counts its changes, for `If-Match`.
    pub version: i64,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Where they are reached, and how they sign in; unique in the installation.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// An e-mail address in lower case. Checked for its shape only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let plausible = text.len() <= 254
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !domain.contains('@')
                    && domain.contains('.')
                    && !domain.starts_with('.')
                    && !domain.ends_with('.')
            });
        if plausible {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(Invalid::new(param, format!("{param} is not an e-mail address such as ada@example.com.")))
        }
    }

    /// Wraps an address that was read from storage.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
