//! The one shape of "this value can't be taken".

/// A refused input: which field, why, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// JSON path of the field, such as `name` or `allowed_ips[2]`.
    pub param: String,
    /// Machine-readable reason, such as `invalid_value`.
    pub code: &'static str,
    /// For people: what is wrong and what would be right.
    pub message: String,
}

impl Invalid {
    /// A refusal with the general code `invalid_value`.
    pub fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), code: "invalid_value", message: message.into() }
    }

    /// The same refusal of a value that stands within the field `outer`.
    pub fn within(mut self, outer: &str) -> Self {
        self.param = format!("{outer}.{}", self.param);
        self
    }

    /// The same refusal under a more telling code.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }
}
