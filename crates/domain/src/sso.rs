//! Single sign-on: an organization's identity provider, where its people are
//! sent and come back from, and which groups and roles its claims give them.
//!
//! What a token says is believed only once somebody else has verified it.

mod claims;
mod mapping;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

pub use claims::{Claims, GivenBy, given};
pub use mapping::{Given, Mapping, MappingText, parse_mappings};

use crate::{
    Invalid, Name,
    id::{OrganizationId, SsoProviderId},
};

/// An OpenID Connect provider that an organization trusts to say who its
/// people are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SsoProvider {
    /// Its id.
    pub id: SsoProviderId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What people call it; unique in the organization.
    pub name: Name,
    /// Where it is, and how it calls itself.
    pub issuer: Issuer,
    /// How Keyward is registered there.
    pub client_id: ClientId,
    /// The secret of that registration as it may be shown; `None`: it has none.
    #[serde(skip)]
    pub redacted_value: Option<String>,
    /// What is asked for.
    pub scopes: Scopes,
    /// Which claims give what.
    pub mappings: Vec<Mapping>,
    /// Whether somebody unknown becomes a member at their first sign-in.
    pub creates_members: bool,
    /// Whether anybody can sign in by it.
    pub enabled: bool,
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

impl SsoProvider {
    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// An issuer's address, kept as it was given: it must be letter for letter what
/// the provider calls itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Issuer(String);

/// Where a provider describes itself, below its issuer.
const DISCOVERY: &str = "/.well-known/openid-configuration";

impl Issuer {
    /// Reads the field `param`; `http` is for providers on the operator's own
    /// machines only, where private upstreams are allowed.
    pub fn parse(param: &str, text: &str, allow_http: bool) -> Result<Self, Invalid> {
        let text = text.trim();
        let invalid = |why: &str| Err(Invalid::new(param, format!("{param} {why}")));
        let plain = !text.is_empty() && text.len() <= 500 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let Some(url) = Url::parse(text).ok().filter(|url| plain && url.host().is_some()) else {
            return invalid("is not a URL: give the provider's issuer, such as https://login.example.com.");
        };
        if text.trim_end_matches('/').ends_with(DISCOVERY) {
            return invalid("is the address of the discovery document: leave /.well-known/openid-configuration away.");
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return invalid("must not hold a user, a query or a fragment.");
        }
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if allow_http => Ok(Self(text.to_owned())),
            "http" => invalid(
                "must start with https://. (Where the operator allows private upstreams, http:// is possible too.)",
            ),
            _ => invalid("must start with https://."),
        }
    }

    /// Wraps an issuer that was read from storage.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How Keyward is registered at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.len() > 500 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                param,
                format!("{param} must be 1 to 500 visible ASCII characters without blanks, as the provider shows it."),
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Wraps one that was read from storage.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses what can't be a client secret: a masked value sent back, blanks, or
/// an impossible length. Nothing of it is in the error.
pub fn check_client_secret(param: &str, secret: &str) -> Result<(), Invalid> {
    let masked = secret.contains("...") || secret.contains(['…', '•']) || secret.bytes().all(|b| b == b'*');
    if masked && !secret.is_empty() {
        return Err(Invalid::new(
            param,
            format!(
                "{param} is a masked value. Send the whole secret, or leave the field out to keep the present one."
            ),
        ));
    }
    if secret.is_empty() || secret.len() > 4096 || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Invalid::new(param, format!("{param} must be 1 to 4096 visible ASCII characters without blanks.")));
    }
    Ok(())
}

/// What Keyward asks a provider for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Default for Scopes {
    fn default() -> Self {
        Self(["openid", "email", "profile"].map(str::to_owned).to_vec())
    }
}

impl Scopes {
    /// Most scopes of one provider.
    pub const MAX: usize = 30;

    /// Reads the field `param`; `openid` is always among them.
    pub fn parse(param: &str, scopes: Vec<String>) -> Result<Self, Invalid> {
        if scopes.len() > Self::MAX {
            return Err(Invalid::new(param, format!("{param} has more than {} entries.", Self::MAX)));
        }
        for (index, scope) in scopes.iter().enumerate() {
            let fits = !scope.is_empty()
                && scope.len() <= 200
                && scope.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
            if !fits {
                let at = format!("{param}[{index}]");
                let message = format!("{at} is not a scope: 1 to 200 visible ASCII characters without blanks.");
                return Err(Invalid::new(at, message));
            }
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            return Err(Invalid::new(
                param,
                format!("{param} must hold openid: without it no provider says who signs in."),
            ));
        }
        Ok(Self(scopes))
    }

    /// Reads what [`Scopes::text`] wrote.
    pub fn from_stored(text: &str) -> Self {
        Self(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    }

    /// With blanks between them.
    pub fn text(&self) -> String {
        self.0.join(" ")
    }

    /// One by one.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// The page of this Keyward that a browser goes to once it has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads the parameter `param`: a path here, never another site.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        // Browsers read `//host` and `/\host` as another site, and drop tabs and line
        // ends before they read.
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && !text.contains('\\')
            && text.len() <= 1000
            && text.bytes().all(|b| b.is_ascii_graphic());
        if local {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(param, format!("{param} must be a path of this site, such as /projects, and nothing else.")))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_letter_for_letter() {
        for kept in
            ["https://a.example", "https://a.example/", "https://a.example/tenant/v2.0", "https://A.example:8443/x/"]
        {
            assert_eq!(Issuer::parse("issuer", &format!(" {kept} "), false).unwrap().as_str(), kept);
        }
        assert!(Issuer::parse("issuer", "http://127.0.0.1:9", true).is_ok());
        for wrong in [
            "",
            "a.example",
            "http://a.example",
            "ftp://a.example",
            "https://",
            "https://u:p@a.example",
            "https://a.example?x",
            "https://a.example#x",
            "https://a.example/a b",
            "https://a.example\\b",
            "https://a.example/.well-known/openid-configuration",
            "https://é.example",
        ] {
            assert!(Issuer::parse("issuer", wrong, false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_masked_secret_is_no_secret() {
        for wrong in ["", "abcdefg...wxyz", "…", "••••", "*****", "with blank", "ü", &"x".repeat(4097)] {
            let refused = check_client_secret("client_secret", wrong).unwrap_err();
            assert!(wrong.len() < 6 || !refused.message.contains(wrong), "{}", refused.message);
        }
        for right in ["GOCSPX-abc_def", "a*b", "~.~"] {
            assert!(check_client_secret("client_secret", right).is_ok(), "{right}");
        }
    }

    #[test]
    fn scopes_hold_openid() {
        let read = |scopes: &[&str]| Scopes::parse("scopes", scopes.iter().map(ToString::to_string).collect());
        let scopes = read(&["openid", "groups"]).unwrap();
        assert_eq!((Scopes::from_stored(&scopes.text()), scopes.text().as_str()), (scopes, "openid groups"));
        assert!(read(&["email"]).is_err() && read(&[]).is_err());
        assert_eq!(read(&["openid", "a b"]).unwrap_err().param, "scopes[1]");
    }

    #[test]
    fn one_returns_to_this_site_only() {
        for right in ["/", "/projects?x=1#y", "/a//b", "/%5Cevil"] {
            assert!(ReturnTo::parse("return_to", right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "projects",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a b",
            "/é",
            "\\/x",
        ] {
            assert!(ReturnTo::parse("return_to", wrong).is_err(), "{wrong:?}");
        }
    }
}
