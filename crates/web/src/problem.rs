//! Every refusal that people and programs get: the one place where a use case's
//! error becomes HTTP. The admin API writes it as JSON, the console as a page.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use keyward_access::Refusal;
use keyward_domain::Invalid;
use keyward_service::{Error, StoreError, credential::ModelListError, sso::IdentityProviderError};

/// What an answer that refuses says.
#[derive(Debug, Clone)]
pub struct Problem {
    /// With which status.
    pub status: StatusCode,
    /// Machine-readable reason, such as `name_taken`.
    pub code: &'static str,
    /// JSON path of the field that it is about.
    pub param: Option<String>,
    /// For people: what happened and what to do.
    pub message: String,
    may_retry: bool,
    /// In how many seconds it may be asked again.
    retry_after: Option<u64>,
    /// What the actor lacks who was denied something.
    denied: Option<String>,
}

/// Marks an answer that denied the actor something, and says what they lack.
#[derive(Debug, Clone)]
pub struct Denial(pub String);

impl Problem {
    /// A refusal that asking again doesn't change.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, param: None, message: message.into(), may_retry: false, retry_after: None, denied: None }
    }

    /// The same refusal, about one field.
    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// There is no such thing, or it is another tenant's.
    pub fn not_found(what: &'static str) -> Self {
        Error::NotFound(what).into()
    }

    /// Something went wrong inside; what, is in the log.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong inside Keyward. Its log says what, under this request's x-request-id.",
        )
    }

    /// What marks the answer, if it denied somebody something.
    pub fn denial(&self) -> Option<Denial> {
        self.denied.clone().map(Denial)
    }

    /// The headers that tell a program whether and when to ask again.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // The SDKs repeat every 409, 429 and 5xx unless told not to.
        if !self.may_retry && (self.status == StatusCode::CONFLICT || self.status == StatusCode::TOO_MANY_REQUESTS) {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        let retry_after = self.retry_after.or_else(|| (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        headers
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(StatusCode::BAD_REQUEST, invalid.code, invalid.message).param(invalid.param)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
        let message = match refusal {
            Refusal::MissingKey => "This request carries no admin key. Send one in the Authorization header: Authorization: Bearer sk-admin-…".to_owned(),
            _ => refusal.to_string(),
        };
        Self { may_retry: !refusal.is_final(), ..Self::new(status, refusal.code(), message) }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            Error::Invalid(invalid) => invalid.into(),
            Error::Conflict { code, param, .. } => {
                Self { param: param.map(Into::into), ..Self::new(StatusCode::CONFLICT, code, message) }
            }
            Error::Forbidden { code, .. } => Self::new(StatusCode::FORBIDDEN, code, message),
            Error::Denied(denied) => Self {
                denied: Some(denied.permission.to_string()),
                ..Self::new(StatusCode::FORBIDDEN, "insufficient_permissions", message)
            },
            Error::Escalation { .. } => Self {
                denied: Some("escalation".into()),
                ..Self::new(StatusCode::FORBIDDEN, "escalation_not_allowed", message)
            },
            Error::NotSignedIn { code, .. } => Self::new(StatusCode::UNAUTHORIZED, code, message),
            Error::TooManyAttempts { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
            },
            Error::Busy => Self { may_retry: true, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message) },
            Error::SignedOut => Self::new(StatusCode::UNAUTHORIZED, "signed_out", message),
            Error::InvalidLink => Self::new(StatusCode::NOT_FOUND, "invalid_link", message),
            Error::MailQueueFull => {
                let refused = Self::new(StatusCode::SERVICE_UNAVAILABLE, "mail_queue_full", message);
                Self { may_retry: true, ..refused }
            }
            Error::Stale { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, "stale_version", message).param("If-Match")
            }
            Error::Replayed { .. } => {
                Self::new(StatusCode::CONFLICT, "idempotent_replay", message).param("Idempotency-Key")
            }
            Error::Provider(why) => {
                let (status, code) = match why {
                    ModelListError::Rejected => (StatusCode::BAD_GATEWAY, "provider_authentication_failed"),
                    ModelListError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "provider_unreachable"),
                    ModelListError::Blocked(_) => (StatusCode::BAD_GATEWAY, "provider_blocked"),
                    ModelListError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "provider_timeout"),
                    ModelListError::NotAList(_) => (StatusCode::BAD_GATEWAY, "provider_not_understood"),
                };
                Self::new(status, code, message)
            }
            Error::IdentityProvider(why) => {
                let (status, code) = match why {
                    IdentityProviderError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "provider_unreachable"),
                    IdentityProviderError::Blocked(_) => (StatusCode::BAD_GATEWAY, "provider_blocked"),
                    IdentityProviderError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "provider_timeout"),
                    IdentityProviderError::NotUnderstood(_) => (StatusCode::BAD_GATEWAY, "provider_not_understood"),
                    IdentityProviderError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "provider_busy"),
                };
                Self::new(status, code, message)
            }
            Error::Store(StoreError::Unavailable(_)) => {
                unavailable("The database can't be reached at the moment. Nothing was changed; try again shortly.")
            }
            Error::Store(StoreError::Full(_)) => {
                unavailable("The database's disk is full. Nothing was changed; make room, then try again.")
            }
            Error::Store(StoreError::OutcomeUnknown(_)) => unavailable(
                "The database went away while this was being saved. Look whether it was, before you try again.",
            ),
            Error::NotYetInForce(_) => unavailable(
                "The change is saved, but the database went away before it was in force here. It will be within a second of its return.",
            ),
            Error::Store(_) | Error::Undecryptable(_) | Error::Password(_) | Error::Journal(_) => {
                tracing::error!(error = %message, "an operation of the admin API or the console went wrong");
                Self::internal()
            }
        }
    }
}

fn unavailable(message: &str) -> Problem {
    tracing::warn!(message, "an operation can't be carried out");
    Problem { may_retry: true, ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_must_wait_is_told_how_long() {
        let answer = |error: Error| {
            let problem = Problem::from(error);
            let headers = problem.headers();
            let header = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
            (problem.status.as_u16(), header("retry-after"), header("x-should-retry"))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(answer(Error::TooManyAttempts { retry_after: 90 }), (429, text("90"), text("false")));
        assert_eq!(answer(Error::Busy), (503, text("1"), None));
    }
}
