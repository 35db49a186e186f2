//! What the demo answers to a call that it can't understand, in the words of
//! the provider that it plays.

use http::StatusCode;
use keyward_domain::provider::Dialect;
use serde_json::{Value, json};

/// A refused call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Refusal {
    fn bad(message: String, param: Option<&str>, code: Option<&'static str>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message, param: param.map(str::to_owned), code }
    }

    pub(super) fn not_json() -> Self {
        Self::bad("We could not parse the JSON body of your request.".to_owned(), None, None)
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::bad(format!("Missing required parameter: '{param}'."), Some(param), Some("missing_required_parameter"))
    }

    /// `expected`: what it must be, such as "a string".
    pub(super) fn wrong_type(param: &str, expected: &str) -> Self {
        Self::bad(format!("Invalid type for '{param}': expected {expected}."), Some(param), Some("invalid_type"))
    }

    /// `rule`: what it must be, such as "be 1 or more".
    pub(super) fn wrong_value(param: &str, rule: &str) -> Self {
        Self::bad(format!("Invalid '{param}': it must {rule}."), Some(param), Some("invalid_value"))
    }

    /// It looks at no picture and listens to no recording.
    pub(super) fn no_files() -> Self {
        let message = "The demo provider looks at no pictures and listens to no recordings. Use a credential of a real provider for this call.";
        Self::bad(message.to_owned(), None, Some("not_supported"))
    }

    pub(super) fn keeps_nothing() -> Self {
        let message = "The demo provider keeps no files, batches or responses. Use a credential of a real provider for this call.";
        Self::bad(message.to_owned(), None, Some("not_supported"))
    }

    pub(super) fn no_such_model(model: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: format!("The model `{model}` does not exist or you do not have access to it."),
            param: None,
            code: Some("model_not_found"),
        }
    }

    /// The body in that dialect.
    pub(super) fn body(&self, dialect: Dialect) -> Value {
        let Self { status, message, param, code } = self;
        match dialect {
            Dialect::OpenAi => json!({
                "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code},
            }),
            Dialect::Anthropic => {
                let kind = if *status == StatusCode::NOT_FOUND { "not_found_error" } else { "invalid_request_error" };
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
        }
    }
}
