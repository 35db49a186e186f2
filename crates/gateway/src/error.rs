//! Keyward's own answers to a call that it doesn't let through or can't bring
//! to an end: one place for status, code, words and envelope. What a provider
//! answers never comes through here.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use keyward_access::{RateLimited, Refusal, ResourcesUnavailable};
use keyward_domain::{decision::Check, id::RequestId, provider::Dialect, provider_resource::ResourceKind};
use keyward_provider::{
    http::{BodyError, SendError},
    models::ModelListError,
};
use serde::Serialize;

use crate::head::BadBody;

/// Codes that a limit or budget in shadow mode names too.
pub(crate) mod code {
    pub(crate) use keyward_access::code::{BUDGET, RATE_LIMIT};

    pub(crate) const COST_UNKNOWN: &str = "cost_unknown";
    pub(crate) const BATCH: &str = "batch_not_allowed";
}

/// Why a call gets no provider's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) status: StatusCode,
    /// `error.code`.
    pub(crate) code: &'static str,
    /// For people: what happened and what to do.
    pub(crate) message: Cow<'static, str>,
    /// The field that it is about.
    pub(crate) param: Option<&'static str>,
    /// Asking again can't help: the SDKs are told so, or they repeat it.
    pub(crate) is_final: bool,
    /// The methods that the address knows, for a 405.
    pub(crate) allow: Option<&'static str>,
    /// The rate limit that it is about.
    pub(crate) limited: Option<Box<RateLimited>>,
    /// The check that refuses, where the code alone doesn't say it.
    pub(crate) check: Option<Check>,
}

impl CallError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { status, code, message, param: None, is_final: false, allow: None, limited: None, check: None }
    }

    /// The check that refuses; `None`: the call passed all of them.
    pub(crate) fn check(&self) -> Option<Check> {
        self.check.or_else(|| match self.code {
            "unknown_url" | "method_not_allowed" => Some(Check::Route),
            code::COST_UNKNOWN => Some(Check::Budget),
            "provider_not_configured" => Some(Check::Credential),
            _ => self.status.is_client_error().then_some(Check::Request),
        })
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The body names models in `field` that the lists of models know nothing of.
    pub(crate) fn further_models(field: &'static str) -> Self {
        let message =
            format!("This API key may use certain models only, and {field} names further ones. Leave {field} out.");
        let error = Self::new(StatusCode::FORBIDDEN, "model_not_allowed", message).last_word();
        Self { param: Some(field), ..error }
    }

    /// The body leaves the model to the provider, and the lists of models know
    /// nothing of what it would choose.
    pub(crate) fn model_left_open() -> Self {
        let message = "This API key may use certain models only, and the request leaves the choice to the provider. Name a model.";
        let error = Self::new(StatusCode::FORBIDDEN, "model_not_allowed", message).last_word();
        Self { param: Some("model"), ..error }
    }

    /// What isn't the project's, or isn't there: not told apart.
    pub(crate) fn resource_not_found(kind: ResourceKind, id: &str, param: &'static str) -> Self {
        let id: String = id.chars().take(200).collect();
        let message = format!("There is no {kind} {id} in the project of this API key. Check the id.");
        Self { param: Some(param), ..Self::new(StatusCode::NOT_FOUND, "not_found", message) }
    }

    /// A conversation is kept at the provider, and nobody knows whose it is.
    pub(crate) fn conversation_not_found() -> Self {
        let message = "There is no such conversation in the project of this API key: Keyward keeps none. Go on from a response with previous_response_id.";
        Self { param: Some("conversation"), ..Self::new(StatusCode::NOT_FOUND, "not_found", message) }
    }

    /// The models of a batch stand in its file, which the lists of models don't see.
    pub(crate) fn batch_of_any_model() -> Self {
        let message = "This API key may use certain models only, and a batch's file may name any. Make the calls one by one, or use a key and a project without such lists.";
        let error = Self::new(StatusCode::FORBIDDEN, "model_not_allowed", message).last_word();
        Self { param: Some("input_file_id"), ..error }
    }

    /// The calls of a batch can't be counted one by one.
    pub(crate) fn batch_uncounted() -> Self {
        let message = "This API key, its project or its organization has a request cap, rate limits or a budget, and the calls in a batch aren't counted one by one. Make them one by one, or use a key without a cap in a project without limits.";
        let error = Self::new(StatusCode::FORBIDDEN, code::BATCH, message).last_word();
        Self { param: Some("input_file_id"), ..error }
    }

    /// Check 10: nobody knows what the model costs, and a budget is never exceeded.
    pub(crate) fn price_unknown(model: &str) -> Self {
        let message = format!(
            "No price of the model {model} is known, so a strict budget can't hold this call. Set one under Model costs, or make the budget balanced."
        );
        let error = Self::new(StatusCode::FORBIDDEN, code::COST_UNKNOWN, message).last_word();
        Self { param: Some("model"), ..error }
    }

    /// Check 10: nobody knows how much the call can use, and a budget is never
    /// exceeded.
    pub(crate) fn cost_unbounded(model: &str) -> Self {
        let message = format!(
            "How much this call to the model {model} can cost at most isn't known, so a strict budget can't hold it. Say how many tokens the answer may have (max_tokens, max_completion_tokens or max_output_tokens) and send text only, or make the budget balanced."
        );
        Self::new(StatusCode::FORBIDDEN, code::COST_UNKNOWN, message).last_word()
    }

    /// One of a list's objects can't be had.
    pub(crate) fn list_incomplete(kind: ResourceKind, status: StatusCode) -> Self {
        let message = format!(
            "The provider answered {} when it was asked for a {kind} of this list. Try again.",
            status.as_u16()
        );
        Self::new(StatusCode::BAD_GATEWAY, "provider_unreachable", message)
    }

    fn last_word(self) -> Self {
        Self { is_final: true, ..self }
    }

    pub(crate) fn model_not_found(model: &str) -> Self {
        let message = format!("There is no model {model} that this API key may use. GET /v1/models lists them.");
        Self { param: Some("model"), ..Self::new(StatusCode::NOT_FOUND, "model_not_found", message) }
    }

    pub(crate) fn provider_not_configured() -> Self {
        let message = "The project of this API key has no credential of a provider. Add one to the project.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "provider_not_configured", message).last_word()
    }

    /// The provider's 401 or 403: said of Keyward's credential, not of the key.
    pub(crate) fn provider_authentication() -> Self {
        let message = "The provider rejects the credential that Keyward holds for it. Replace the credential's secret.";
        Self::new(StatusCode::BAD_GATEWAY, "provider_authentication_failed", message).last_word()
    }

    pub(crate) fn provider_timeout() -> Self {
        let message = "The provider didn't answer in time. Try again.";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "provider_timeout", message)
    }

    pub(crate) fn journal_unavailable() -> Self {
        let message = "Keyward can't record usage at the moment, so it takes no calls. Try again shortly.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "usage_journal_unavailable", message)
    }

    /// The caller wants nothing but what is kept, and nothing is.
    pub(crate) fn not_cached() -> Self {
        let message = "The cache has no answer to this request, and Cache-Control: only-if-cached asks for no other. Leave it out to ask the provider.";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "not_cached", message).last_word()
    }

    pub(crate) fn panicked() -> Self {
        let message = "Keyward has made a mistake. Try again, and report this request id if it stays.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// An answer of the provider that broke off or can't be read.
    pub(crate) fn broken_answer(error: Option<&BodyError>) -> Self {
        match error {
            Some(BodyError::TimedOut) => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "provider_timeout",
                "The provider stopped sending in the middle of its answer. Try again.",
            ),
            Some(BodyError::Malformed(_) | BodyError::TooLarge) => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_unreachable",
                "The provider's answer can't be read: it isn't proper HTTP. Try again.",
            ),
            Some(BodyError::Truncated) | None => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_unreachable",
                "The provider broke off in the middle of its answer. Try again.",
            ),
        }
    }

    /// OpenAI's `error.type`.
    pub(crate) const fn openai_type(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        }
    }

    /// <https://docs.anthropic.com/en/api/errors>
    const fn anthropic_type(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            503 => "overloaded_error",
            504 => "timeout_error",
            _ => "api_error",
        }
    }

    /// The JSON of the answer.
    pub(crate) fn envelope(&self, dialect: Dialect, request: RequestId) -> Bytes {
        #[derive(Serialize)]
        struct OpenAi<'a> {
            error: OpenAiError<'a>,
        }
        #[derive(Serialize)]
        struct OpenAiError<'a> {
            message: &'a str,
            r#type: &'static str,
            param: Option<&'static str>,
            code: &'static str,
        }
        #[derive(Serialize)]
        struct Anthropic<'a> {
            r#type: &'static str,
            error: AnthropicError<'a>,
            request_id: RequestId,
        }
        #[derive(Serialize)]
        struct AnthropicError<'a> {
            r#type: &'static str,
            message: &'a str,
            code: &'static str,
        }
        let (message, code) = (self.message.as_ref(), self.code);
        let json = match dialect {
            Dialect::OpenAi => serde_json::to_vec(&OpenAi {
                error: OpenAiError { message, r#type: self.openai_type(), param: self.param, code },
            }),
            Dialect::Anthropic => serde_json::to_vec(&Anthropic {
                r#type: "error",
                error: AnthropicError { r#type: self.anthropic_type(), message, code },
                request_id: request,
            }),
        };
        json.unwrap_or_default().into()
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
        let error = Self::new(status, refusal.code(), refusal.to_string());
        let (param, is_final, check) = (refusal.param(), refusal.is_final(), Some(refusal.check()));
        let limited = match refusal {
            Refusal::RateLimited(limited) => Some(limited),
            _ => None,
        };
        Self { param, is_final, limited, check, ..error }
    }
}

impl From<ResourcesUnavailable> for CallError {
    fn from(_: ResourcesUnavailable) -> Self {
        let message =
            "Keyward can't look up at the moment whose files, batches and responses there are. Try again shortly.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", message)
    }
}

impl From<BadBody> for CallError {
    fn from(bad: BadBody) -> Self {
        Self { param: bad.param, ..Self::bad_request("invalid_request_body", bad.message) }
    }
}

impl From<&SendError> for CallError {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::Blocked { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_blocked",
                "The provider's address isn't allowed: it is private, and private upstreams are off in Keyward's configuration.",
            )
            .last_word(),
            SendError::TimedOut { .. } => Self::provider_timeout(),
            SendError::Malformed { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_unreachable",
                "The provider's answer can't be read: it isn't proper HTTP. Check the credential's base URL.",
            ),
            SendError::Tls { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_unreachable",
                "There is no secure connection to the provider. Check the credential's base URL and the provider's certificate.",
            ),
            SendError::Unreachable { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_unreachable",
                "The provider can't be reached. Try again, or check the credential's base URL.",
            ),
            SendError::InvalidRequest { .. } => Self::bad_request(
                "invalid_request",
                "This request can't be passed on: its address holds characters that must be percent-encoded.",
            ),
        }
    }
}

impl From<&ModelListError> for CallError {
    fn from(error: &ModelListError) -> Self {
        let unreachable = |message| Self::new(StatusCode::BAD_GATEWAY, "provider_unreachable", message);
        match error {
            ModelListError::Rejected(_) => Self::provider_authentication(),
            ModelListError::Blocked(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "provider_blocked",
                "The provider's address isn't allowed: it is private, and private upstreams are off in Keyward's configuration.",
            )
            .last_word(),
            ModelListError::TimedOut => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "provider_timeout",
                "The provider didn't answer its list of models in time. Try again.",
            ),
            ModelListError::Unreachable(_) => {
                unreachable("The provider can't be reached for its list of models. Try again.")
            }
            ModelListError::NotAList(_) => {
                unreachable("The provider's answer isn't a list of models. Check the credential's base URL.")
            }
        }
    }
}
