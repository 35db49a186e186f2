//! Why a use case didn't do what was asked. One type for all of them: every
//! face maps it once, and no operation can answer a refusal of its own kind.

use keyward_domain::{Invalid, actor::Denied, api_key::NotPossible};
use keyward_store::{CursorUnknown, StoreError};

use crate::{credential::ModelListError, sso::IdentityProviderError};

/// The answer of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// A use case's refusal. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another tenant's: not told apart.
    #[error("There is no {0} with this id here.")]
    NotFound(&'static str),
    /// A value can't be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The state of things rules it out (409).
    #[error("{message}")]
    Conflict {
        /// Machine-readable reason, such as `name_taken`.
        code: &'static str,
        /// The field it is about.
        param: Option<&'static str>,
        /// For people, with the remedy.
        message: String,
    },
    /// It isn't allowed in this state (403).
    #[error("{message}")]
    Forbidden {
        /// Machine-readable reason, such as `project_inactive`.
        code: &'static str,
        /// For people, with the remedy.
        message: String,
    },
    /// The actor lacks a permission.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It would raise what the actor may do, or touch somebody above them (403).
    #[error("{message}")]
    Escalation {
        /// For people, with the remedy.
        message: String,
    },
    /// Whoever wants to come in didn't prove who they are (401).
    #[error("{message}")]
    NotSignedIn {
        /// Machine-readable reason, such as `invalid_credentials`.
        code: &'static str,
        /// For people, with the remedy.
        message: &'static str,
    },
    /// Too much went wrong from where the request comes from (429).
    #[error("Too many attempts went wrong. Try again in {retry_after} seconds, or from another network.")]
    TooManyAttempts {
        /// In how many seconds it may be tried again.
        retry_after: u64,
    },
    /// Too many passwords are being checked already (503).
    #[error("Too many people sign in at this moment. Nothing was changed; try again shortly.")]
    Busy,
    /// The actor's session or key ended while the request was under way (401).
    #[error("You were signed out. Sign in again, or use another key.")]
    SignedOut,
    /// A link that opens nothing, for whatever reason: not told apart (404).
    #[error(
        "This link isn't good any more: it was used, replaced or withdrawn, or its time is over. Ask for a new one."
    )]
    InvalidLink,
    /// So many mails wait that no further one is taken (503).
    #[error("Too many mails are waiting to be sent. Nothing was changed; try again shortly.")]
    MailQueueFull,
    /// Somebody else changed it since it was read (412).
    #[error("This was changed by somebody else: it has version {present} now. Read it again, then repeat your change.")]
    Stale {
        /// The present version.
        present: i64,
    },
    /// The same idempotency key has already made something (409).
    #[error("This request was already carried out: it made {made}. Secrets are shown only the first time.")]
    Replayed {
        /// Id of what was made.
        made: String,
    },
    /// A provider didn't do its part.
    #[error(transparent)]
    Provider(#[from] ModelListError),
    /// An identity provider didn't do its part.
    #[error(transparent)]
    IdentityProvider(#[from] IdentityProviderError),
    /// The database didn't do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change stands in the database, but this node couldn't take it in yet.
    #[error("The change is saved, but not yet in force here: {0}")]
    NotYetInForce(#[source] StoreError),
    /// A stored secret can't be opened with the installation's keys.
    #[error("a stored secret can't be decrypted: {0}")]
    Undecryptable(String),
    /// Hashing a password broke off.
    #[error("the password can't be hashed: {0}")]
    Password(String),
    /// The usage journal can't be read.
    #[error("the usage journal can't be read: {0}")]
    Journal(#[from] keyward_telemetry::journal::JournalError),
}

impl From<CursorUnknown> for Error {
    fn from(CursorUnknown(param): CursorUnknown) -> Self {
        Invalid::new(param, format!("The cursor {param} names nothing in this list. Start again without it."))
            .code("invalid_cursor")
            .into()
    }
}

impl From<NotPossible> for Error {
    fn from(error: NotPossible) -> Self {
        let code = match error {
            NotPossible::Revoked => "api_key_revoked",
            NotPossible::Expired => "api_key_expired",
            NotPossible::Invalid(invalid) => return Self::Invalid(invalid),
        };
        Self::Conflict { code, param: None, message: error.to_string() }
    }
}

impl Error {
    /// The same refusal of a value that stands within the field `outer`.
    pub(crate) fn within(self, outer: &str) -> Self {
        match self {
            Self::Invalid(invalid) => Self::Invalid(invalid.within(outer)),
            other => other,
        }
    }

    /// Refuses a name that another thing of its kind has.
    pub(crate) fn name_taken(what: &str, name: &keyward_domain::Name) -> Self {
        Self::Conflict {
            code: "name_taken",
            param: Some("name"),
            message: format!("There is already {what} named {name:?}. Choose another name.", name = name.as_str()),
        }
    }
}

/// Refuses to change what isn't at the expected version any more.
pub(crate) fn check_version(expected: Option<i64>, present: i64) -> Result<()> {
    if expected.is_some_and(|expected| expected != present) { Err(Error::Stale { present }) } else { Ok(()) }
}
