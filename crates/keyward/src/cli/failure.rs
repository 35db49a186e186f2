//! Why a command didn't do what it was asked, and which exit code says so.

use std::{fmt, io};

use http::StatusCode;
use keyward_provider::http::{BodyError, SendError};
use serde::Deserialize;

use super::shell::Exit;

/// Why a command didn't do what it was asked. Never holds a secret.
#[derive(Debug)]
pub(super) enum Failure {
    /// The API said no.
    Refused(Refusal),
    /// Something else went wrong.
    Failed(String),
    /// The arguments don't go together; nothing was sent.
    Usage(String),
    /// There is no answer.
    Unreachable(String),
    /// The person said no.
    CalledOff,
    /// Standard output can't be written.
    Output(io::Error),
}

/// What the API says when it says no.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) param: Option<String>,
    pub(super) code: Option<String>,
    #[serde(skip)]
    pub(super) request_id: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Refusal,
}

impl Failure {
    /// Reads an answer that isn't a success.
    pub(super) fn refused(status: StatusCode, body: &[u8], request_id: Option<String>) -> Self {
        let mut refusal = match serde_json::from_slice(body) {
            Ok(Envelope { error }) => error,
            Err(_) => Refusal {
                message: format!("The answer is {status}, and not in Keyward's words: is the URL right?"),
                ..Refusal::default()
            },
        };
        refusal.request_id = request_id;
        Self::Refused(refusal)
    }

    /// The answer isn't what this program expects.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::Failed(format!(
            "The answer can't be shown as a table ({error}): is the server of another version? --json shows it as it is."
        ))
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) | Self::Failed(_) | Self::CalledOff | Self::Output(_) => Exit::Refused,
            Self::Usage(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unreachable,
        }
    }

    /// What helps to find the cause, beside the message.
    pub(super) fn particulars(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let refusal = match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        };
        refusal.into_iter().flat_map(|refusal| {
            [("param", &refusal.param), ("code", &refusal.code), ("request id", &refusal.request_id)]
                .into_iter()
                .filter_map(|(label, value)| Some((label, value.as_deref()?)))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(&refusal.message),
            Self::Failed(message) | Self::Usage(message) | Self::Unreachable(message) => f.write_str(message),
            Self::CalledOff => f.write_str("Called off: nothing was changed."),
            Self::Output(error) => write!(f, "Standard output can't be written: {error}."),
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let hint = if error.was_sent() {
            "The request may have been carried out: look before you repeat it."
        } else {
            "Is Keyward running there? --url or KEYWARD_URL says where it is."
        };
        Self::Unreachable(format!("No answer: {error}. {hint}"))
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        Self::Failed(format!("The answer isn't whole: {error}. A change that was asked for has been made."))
    }
}
