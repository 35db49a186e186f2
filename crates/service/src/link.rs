//! Links that people are sent: where each leads, and how it is known again.
//! The token is part of the path, never of a query, which proxies log more
//! often; Keyward itself keeps only its digest.

use keyward_domain::secret::{SecretDigest, Token};
use secrecy::{ExposeSecret, SecretString};

use crate::Keyward;

/// What a link is for. One made for one thing opens no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// Accepting an invitation.
    Invitation,
    /// Setting a password anew.
    PasswordReset,
    /// Making the first organization.
    Setup,
}

impl LinkKind {
    /// What its token's digest is bound to.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
            Self::Setup => "setup",
        }
    }

    /// The page that it leads to.
    const fn page(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password-reset",
            Self::Setup => "setup",
        }
    }
}

/// A whole link, on its way to whoever may have it. Its `Debug` shows nothing.
#[derive(Debug, Clone)]
pub struct Link(SecretString);

impl Link {
    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Keyward {
    /// A new link, and the digest by which it is known again.
    pub(crate) fn new_link(&self, kind: LinkKind) -> (Link, SecretDigest) {
        let token = Token::generate(&*self.randomness);
        let text = format!("{}/{}/{}", self.public_url, kind.page(), token.expose());
        (Link(text.into()), self.link_digest(kind, &token))
    }

    /// By which a link with this token is known, if it is of that kind.
    pub(crate) fn link_digest(&self, kind: LinkKind, token: &Token) -> SecretDigest {
        token.digest(kind.purpose(), &self.vault.pepper)
    }
}
