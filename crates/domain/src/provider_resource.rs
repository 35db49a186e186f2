//! What a provider keeps for a project after a call: which kinds there are and
//! what their ids can be. The things themselves stay at the provider.

use std::fmt;

use crate::id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, ProviderResourceId};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// A file, uploaded or made by a batch.
    File,
    /// Many calls in a file, answered later.
    Batch,
    /// A response, so that another can go on from it.
    Response,
}

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::File, Self::Batch, Self::Response];

    /// The word for it, in storage and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Batch => "batch",
            Self::Response => "response",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose resources of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourcesOf {
    /// The project's organization.
    pub organization: OrganizationId,
    /// The project that they belong to, whoever's credential they were made with.
    pub project: ProjectId,
    /// Of which kind.
    pub kind: ResourceKind,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderResource {
    /// Its id at the provider.
    pub id: String,
    /// What it was made with; only there it is known.
    pub credential: CredentialId,
    /// What it used is told later, and isn't counted yet.
    pub owed: Option<Owed>,
}

/// Whose use a later answer about a resource tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Counted once by this.
    pub resource: ProviderResourceId,
    /// The key that began it.
    pub key: ApiKeyId,
    /// The provider's name of the model that was asked; empty where the answer names it.
    pub model: String,
}

/// One that a call has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResource {
    /// What it is kept and counted by.
    pub resource: ProviderResourceId,
    /// Its id at the provider.
    pub id: String,
    /// What it was made with.
    pub credential: CredentialId,
    /// The key of the call.
    pub key: ApiKeyId,
    /// What it uses is told later: the provider's name of the model that was
    /// asked, empty where that answer names it.
    pub owes: Option<String>,
}

/// Whether a provider could have given this id, and it stands in a path as it is.
pub fn is_resource_id(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_means_nothing_in_a_path() {
        for right in ["file-abc123", "batch_1", "resp_0", "A"] {
            assert!(is_resource_id(right), "{right}");
        }
        for wrong in ["", ".", "..", "a/b", "a%2fb", "a?b", "a#b", "a b", "ä", &"a".repeat(201)] {
            assert!(!is_resource_id(wrong), "{wrong}");
        }
    }
}
