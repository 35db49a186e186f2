//! Reading what the demo is asked: the fields that it knows, as strictly as a
//! provider; all others are accepted and ignored, as by a model that can't.

use serde_json::{Map, Value};

use super::{refusal::Refusal, words};

/// A call's body.
pub(super) struct Request(Map<String, Value>);

/// What a call wants said.
#[derive(Debug)]
pub(super) struct Ask {
    /// What to answer to.
    pub(super) text: String,
    /// Of all that was sent.
    pub(super) input_tokens: u64,
    /// The most to say, in tokens.
    pub(super) limit: Option<u64>,
}

impl Request {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map(Self).map_err(|_| Refusal::not_json())
    }

    /// A field that is there and isn't null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn required(&self, name: &str) -> Result<&Value, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    /// The model, if it is one of these.
    pub(super) fn model(&self, known: &[&str]) -> Result<&str, Refusal> {
        let model = self.required("model")?.as_str().ok_or_else(|| Refusal::wrong_type("model", "a string"))?;
        if known.contains(&model) { Ok(model) } else { Err(Refusal::no_such_model(model)) }
    }

    /// The same where a call may leave it to the provider.
    pub(super) fn model_or<'a>(&'a self, default: &'a str) -> Result<&'a str, Refusal> {
        if self.get("model").is_none() { Ok(default) } else { self.model(&[default]) }
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.required(name)?.as_str().ok_or_else(|| Refusal::wrong_type(name, "a string"))
    }

    /// The choice of one of these words; `None` when nothing is said.
    pub(super) fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_str() {
            Some(word) if words.contains(&word) => Ok(Some(word)),
            Some(_) => Err(Refusal::wrong_value(name, &format!("be {} with the demo provider", words.join(" or ")))),
            None => Err(Refusal::wrong_type(name, "a string")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| Refusal::wrong_type(name, "a boolean"))
    }

    /// An integer of 1 or more.
    pub(super) fn positive(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_i64() {
            None => Err(Refusal::wrong_type(name, "an integer")),
            Some(number) => match u64::try_from(number) {
                Ok(number @ 1..) => Ok(Some(number)),
                _ => Err(Refusal::wrong_value(name, "be 1 or more")),
            },
        }
    }

    /// The demo says one thing at a time.
    pub(super) fn one_choice(&self) -> Result<(), Refusal> {
        match self.positive("n")? {
            None | Some(1) => Ok(()),
            Some(_) => Err(Refusal::wrong_value("n", "be 1: the demo provider gives one choice")),
        }
    }

    pub(super) fn includes_usage(&self) -> bool {
        let options = self.get("stream_options");
        options.and_then(|options| options.get("include_usage")).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A list of messages, answered to the last of a user; `param` is where
    /// they stand. `instructions` is what stands beside them.
    pub(super) fn conversation(
        &self,
        param: &str,
        instructions: Option<&Value>,
        limit: Option<u64>,
    ) -> Result<Ask, Refusal> {
        let messages = self.required(param)?.as_array();
        let messages = messages.ok_or_else(|| Refusal::wrong_type(param, "an array of objects"))?;
        let mut input_tokens = instructions.map_or(0, |value| words::count(&text_of(value)));
        let mut last: Option<String> = None;
        for (index, message) in messages.iter().enumerate() {
            let at = format!("{param}[{index}]");
            let message = message.as_object().ok_or_else(|| Refusal::wrong_type(&at, "an object"))?;
            let role = message.get("role").and_then(Value::as_str);
            let text = message.get("content").map(text_of).unwrap_or_default();
            input_tokens += words::count(&text);
            match role {
                Some("user") => last = Some(text),
                Some(_) => {}
                // Items of responses other than messages have a type instead.
                None if message.contains_key("type") => {}
                None => return Err(Refusal::missing(&format!("{at}.role"))),
            }
        }
        if messages.is_empty() {
            return Err(Refusal::wrong_value(param, "hold at least one message"));
        }
        Ok(Ask { text: last.unwrap_or_default(), input_tokens, limit })
    }
}

/// The text in a content: a string, or the texts of an array's parts (also of
/// parts within parts, such as a tool's result). Pictures have none.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().map(text_of).filter(|text| !text.is_empty()).collect();
            texts.join(" ")
        }
        Value::Object(part) => part.get("text").or_else(|| part.get("content")).map(text_of).unwrap_or_default(),
        _ => String::new(),
    }
}
