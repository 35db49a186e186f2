//! A credential: a provider's secret that Keyward holds, for one project or for
//! all projects of an organization.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::{
    Invalid, Name,
    id::{CredentialId, OrganizationId, ProjectId},
    name::free_text,
    provider::Provider,
    weight::Weight,
};

/// What is known of a credential without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// The project that owns it; `None`: the organization, every project inherits it.
    #[serde(rename = "project_id")]
    pub project: Option<ProjectId>,
    /// Who is called with it.
    pub provider: Provider,
    /// What people call it; unique within its project (or the organization's own).
    pub name: Name,
    /// Where the provider is, when not at its usual place.
    pub base_url: Option<BaseUrl>,
    /// The secret as it may be shown; `None` when it has none.
    pub redacted_value: Option<String>,
    /// Names that callers may use, and the provider's model behind each.
    pub aliases: Aliases,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among equals.
    pub weight: Weight,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

impl Credential {
    /// Where its calls go; `None` for the built-in provider.
    pub fn effective_base_url(&self) -> Option<&str> {
        self.base_url.as_ref().map(BaseUrl::as_str).or_else(|| self.provider.default_base_url())
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// How a secret is shown: its first seven and last four characters, or nothing
/// of it when that would be most of it.
pub fn redact(secret: &str) -> String {
    match (secret.get(..7), secret.len().checked_sub(4).and_then(|at| secret.get(at..))) {
        (Some(first), Some(last)) if secret.len() >= 20 => format!("{first}...{last}"),
        _ => "...".to_owned(),
    }
}

/// An `http` or `https` address without user, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads the field `param`; a slash at the end is dropped.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let invalid = |why: &str| {
            Invalid::new(
                param,
                format!(
                    "{param} {why} Give the address that the provider's SDK takes, such as https://api.example.com/v1."
                ),
            )
        };
        free_text(param, text, 2000)?;
        let url = Url::parse(text.trim()).map_err(|_| invalid("is not a URL."))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(invalid("must start with https:// (or http://) and name a host."));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("must not hold a user, a query or a fragment."));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
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

/// Model aliases: the name that callers use → the provider's model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Aliases(pub BTreeMap<String, String>);

impl Aliases {
    /// Most aliases of one credential.
    pub const MAX: usize = 100;

    /// Reads the field `param`.
    pub fn parse(param: &str, aliases: BTreeMap<String, String>) -> Result<Self, Invalid> {
        if aliases.len() > Self::MAX {
            return Err(Invalid::new(
                param,
                format!("{param} has {} entries: at most {} are possible.", aliases.len(), Self::MAX),
            ));
        }
        for (alias, model) in &aliases {
            let at = format!("{param}.{alias}");
            for text in [alias, model] {
                free_text(&at, text, 200)?;
                if text.trim() != text || text.is_empty() {
                    return Err(Invalid::new(&at, "An alias and its model are names without blanks around them."));
                }
            }
        }
        Ok(Self(aliases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_secret_shows_little() {
        assert_eq!(redact("sk-proj-abcdefghijklmnop"), "sk-proj...mnop");
        assert_eq!(redact("short-secret"), "...");
        assert_eq!(redact("ééééééééééééééé"), "...");
    }

    #[test]
    fn base_urls_are_checked() {
        assert_eq!(BaseUrl::parse("base_url", "https://a.example/v1/").unwrap().as_str(), "https://a.example/v1");
        for wrong in [
            "",
            "a.example",
            "ftp://a",
            "https://u:p@a",
            "https://a?x=1",
            "https://a/#f",
            "http://",
            "file:///etc/passwd",
        ] {
            assert!(BaseUrl::parse("base_url", wrong).is_err(), "{wrong}");
        }
    }
}
