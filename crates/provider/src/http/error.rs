//! What can go wrong in a provider call. The texts are for operators: they
//! name the host and the broken rule, never a header's value or a body.

/// The peer's bytes break HTTP/1.1, or a limit that Keyward sets on them.
/// `what` names the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// The broken rule, as part of a sentence.
    pub what: &'static str,
}

impl Malformed {
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

/// Why a call brought no response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Every address of the host is one that [`super::guard`] refuses.
    #[error(
        "{host} has no address that may be connected to: private, loopback, link-local, metadata and reserved addresses are refused unless private upstreams are allowed in the configuration"
    )]
    Blocked {
        /// The host's name or address.
        host: Box<str>,
    },
    /// The name doesn't resolve, no address accepts a connection, or the
    /// connection broke before a response.
    #[error("can't reach {host}: {reason}")]
    Unreachable {
        /// The host's name or address.
        host: Box<str>,
        /// What the operating system said, or what the peer did.
        reason: Box<str>,
        /// See [`SendError::was_sent`].
        sent: bool,
    },
    /// No connection within [`super::ClientOptions::connect_timeout`], or no
    /// response head within [`super::ClientOptions::head_timeout`].
    #[error("{host} timed out: {waited_for}")]
    TimedOut {
        /// The host's name or address.
        host: Box<str>,
        /// What didn't come.
        waited_for: &'static str,
        /// See [`SendError::was_sent`].
        sent: bool,
    },
    /// The response head isn't HTTP/1.1 as Keyward reads it.
    #[error("{host} answered with a malformed response: {what}")]
    Malformed {
        /// The host's name or address.
        host: Box<str>,
        /// The broken rule.
        what: Malformed,
    },
    /// The TLS handshake or session failed, or no trusted root is known.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// The host's name or address.
        host: Box<str>,
        /// What rustls said.
        reason: Box<str>,
        /// See [`SendError::was_sent`].
        sent: bool,
    },
    /// The request can't be written as HTTP/1.1; nothing was connected to.
    #[error("the request can't be sent: {what}")]
    InvalidRequest {
        /// The broken rule.
        what: &'static str,
    },
}

impl SendError {
    /// Whether any byte of the request may have been written to the
    /// connection on which this failure happened. `false` means that the
    /// provider can't have acted on the call.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        match self {
            Self::Blocked { .. } | Self::InvalidRequest { .. } => false,
            Self::Malformed { .. } => true,
            Self::Unreachable { sent, .. } | Self::TimedOut { sent, .. } | Self::Tls { sent, .. } => *sent,
        }
    }
}

/// Why a response body has no clean end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The connection ended or broke before the body did.
    #[error("the response body was cut off")]
    Truncated,
    /// Nothing came for [`super::ClientOptions::idle_timeout`].
    #[error("the response body timed out")]
    TimedOut,
    /// The chunked coding is broken.
    #[error("the response body is malformed: {0}")]
    Malformed(Malformed),
    /// More than the limit given to [`super::Body::collect`].
    #[error("the response body is larger than allowed")]
    TooLarge,
}
