//! The little that policy needs of a request's body: which model, whether it
//! streams, and what its `stream_options` say, each with the place where it
//! stands, so that a change can be spliced in without touching the rest.
//!
//! This must read a body as every provider would. Where two parsers could read
//! different things (a key twice, a key in other letters that a lenient parser
//! takes for the same one), the body is refused. It never looks at content.

use std::{borrow::Cow, ops::Range};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fields::Fields;

/// Why a body isn't taken. The text goes to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct BadBody {
    /// The field that is wrong; `None`: the body as a whole.
    pub(crate) param: Option<&'static str>,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

/// What policy reads of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyHead<'a> {
    /// The model that the caller names; empty when it leaves the choice to the
    /// provider.
    pub(crate) model: Cow<'a, str>,
    /// Where the model's JSON string stands, quotes included; nowhere when
    /// there is none.
    pub(crate) model_at: Range<usize>,
    /// Whether the caller wants a stream.
    pub(crate) stream: bool,
    /// The caller's `stream_options`.
    pub(crate) stream_options: StreamOptions,
    /// A field that names further models, if there is one.
    pub(crate) further_models: Option<&'static str>,
    /// How many tokens the caller wants at most; 0 where nothing readable says so.
    pub(crate) max_tokens: u64,
    /// Behind the body's opening brace.
    pub(crate) inside: usize,
    /// It is a form, whose values stand there bare.
    pub(crate) is_form: bool,
}

/// What a body says about `stream_options.include_usage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamOptions {
    /// There are none.
    Missing,
    /// They are `null`, standing there.
    Null(Range<usize>),
    /// An object without `include_usage`; behind its opening brace, and
    /// whether anything else is in it.
    Silent { inside: usize, empty: bool },
    /// `include_usage` is `false` or `null`, standing there.
    Declined(Range<usize>),
    /// `include_usage` is `true`.
    Asked,
}

/// The longest name of a model that is taken.
const MAX_MODEL_BYTES: usize = 512;

pub(crate) const MODEL: &str = "model";
pub(crate) const STREAM: &str = "stream";
const STREAM_OPTIONS: &str = "stream_options";
const INCLUDE_USAGE: &str = "include_usage";
/// Where some providers (OpenRouter, LiteLLM) take models to try when the first
/// one doesn't answer.
pub(crate) const MODELS: &str = "models";
pub(crate) const FALLBACKS: &str = "fallbacks";
/// What chat completions, completions and messages call it; then chat
/// completions' newer name, and that of responses.
const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
const MAX_OUTPUT_TOKENS: &str = "max_output_tokens";

impl<'a> BodyHead<'a> {
    /// Reads the body of a call that must name a model unless the provider may
    /// choose one.
    pub(crate) fn read(body: &'a [u8], model_may_be_missing: bool) -> Result<Self, BadBody> {
        let whole = |message: String| BadBody { param: None, message };
        let text = std::str::from_utf8(body)
            .map_err(|_| whole("The request's body isn't valid UTF-8. Send JSON encoded as UTF-8.".to_owned()))?;
        let trimmed = text.trim_ascii_start();
        if trimmed.is_empty() {
            return Err(whole("The request has no body. Send a JSON object with at least a model.".to_owned()));
        }
        if !trimmed.starts_with('{') {
            return Err(whole(
                "The request's body isn't a JSON object. Send an object with at least a model.".to_owned(),
            ));
        }
        let mut bad = None;
        let mut json = serde_json::Deserializer::from_str(text);
        let keys =
            &[MODEL, STREAM, STREAM_OPTIONS, MODELS, FALLBACKS, MAX_TOKENS, MAX_COMPLETION_TOKENS, MAX_OUTPUT_TOKENS];
        let fields = Fields::read(&mut json, keys, &mut bad);
        let fields = match (bad, fields.and_then(|fields| json.end().map(|()| fields))) {
            (Some(bad), _) => return Err(bad),
            (None, Ok(fields)) => fields,
            (None, Err(error)) => {
                return Err(whole(format!("The request's body isn't valid JSON: {error}.")));
            }
        };
        let [model, stream, options, models, fallbacks, most @ ..] = fields.0;
        let (model, model_at) = match model {
            None if model_may_be_missing => (Cow::Borrowed(""), 0..0),
            Some(raw) if model_may_be_missing && raw.get() == "null" => (Cow::Borrowed(""), 0..0),
            Some(raw) => (read_model(raw)?, range_in(text, raw)),
            None => return Err(wrong(MODEL, "The request names no model. Add a model, such as \"gpt-4o-mini\".")),
        };
        let stream = match stream.map(RawValue::get) {
            None | Some("null" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(wrong(STREAM, "stream must be true or false.")),
        };
        let stream_options = StreamOptions::read(text, options)?;
        let is_given = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() != "null");
        let further = [(MODELS, models), (FALLBACKS, fallbacks)].into_iter().find(|(_, raw)| is_given(*raw));
        let further_models = further.map(|(name, _)| name);
        // What isn't a number is the provider's to refuse.
        let max_tokens = most.into_iter().flatten().filter_map(|raw| raw.get().parse().ok()).max().unwrap_or(0);
        let inside = text.len() - trimmed.len() + 1;
        Ok(Self { model, model_at, stream, stream_options, further_models, max_tokens, inside, is_form: false })
    }
}

fn wrong(param: &'static str, message: &str) -> BadBody {
    BadBody { param: Some(param), message: message.to_owned() }
}

fn read_model(raw: &RawValue) -> Result<Cow<'_, str>, BadBody> {
    /// Serde borrows into a `Cow` only when told to.
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    let Text(model) = serde_json::from_str(raw.get()).map_err(|_| wrong(MODEL, "model must be a text."))?;
    check_model(&model)?;
    Ok(model)
}

/// Refuses what can't be a model's name.
pub(crate) fn check_model(model: &str) -> Result<(), BadBody> {
    if model.is_empty() {
        return Err(wrong(MODEL, "model is empty. Name a model, such as \"gpt-4o-mini\"."));
    }
    if model.trim() != model || model.chars().any(char::is_control) {
        return Err(wrong(MODEL, "model has blanks around it or control characters in it. Send the name alone."));
    }
    if model.len() > MAX_MODEL_BYTES {
        return Err(wrong(MODEL, "model is longer than 512 bytes. Name a model, such as \"gpt-4o-mini\"."));
    }
    Ok(())
}

impl StreamOptions {
    fn read(text: &str, raw: Option<&RawValue>) -> Result<Self, BadBody> {
        let Some(raw) = raw else { return Ok(Self::Missing) };
        let range = range_in(text, raw);
        if raw.get() == "null" {
            return Ok(Self::Null(range));
        }
        if !raw.get().starts_with('{') {
            return Err(wrong(STREAM_OPTIONS, "stream_options must be an object."));
        }
        let mut bad = None;
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let fields = Fields::read(&mut json, &[INCLUDE_USAGE], &mut bad);
        if let Some(bad) = bad {
            return Err(BadBody { param: Some(STREAM_OPTIONS), ..bad });
        }
        let Ok(Fields([include_usage])) = fields else {
            return Err(wrong(STREAM_OPTIONS, "stream_options isn't valid JSON."));
        };
        match include_usage.map(|raw| (raw.get(), raw)) {
            None => {
                let empty = raw.get().get(1..).is_some_and(|rest| rest.trim_start().starts_with('}'));
                Ok(Self::Silent { inside: range.start + 1, empty })
            }
            Some(("true", _)) => Ok(Self::Asked),
            Some(("false" | "null", raw)) => Ok(Self::Declined(range_in(text, raw))),
            Some(_) => {
                Err(wrong("stream_options.include_usage", "stream_options.include_usage must be true or false."))
            }
        }
    }
}

/// Where `raw`, which was borrowed from `text`, stands in it.
fn range_in(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + raw.get().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> BodyHead<'_> {
        BodyHead::read(body.as_bytes(), false).unwrap()
    }

    fn param(body: &str) -> Option<&'static str> {
        BodyHead::read(body.as_bytes(), false).expect_err(body).param
    }

    #[test]
    fn model_and_stream_are_found_wherever_they_stand() {
        let body = r#" { "messages":[{"model":"no"}], "mod\u0065l" : "gpt-4o" ,"stream":true}"#;
        let head = read(body);
        assert_eq!((head.model.as_ref(), head.stream), ("gpt-4o", true));
        assert_eq!(&body[head.model_at], "\"gpt-4o\"");
        assert_eq!(head.inside, 2);
        assert!(!read(r#"{"model":"m"}"#).stream);
        assert!(!read(r#"{"model":"m","stream":null}"#).stream);
        assert!(matches!(read(r#"{"model":"plain"}"#).model, Cow::Borrowed(_)));
        assert_eq!(read(r#"{"model":"a\/b"}"#).model, "a/b");
    }

    #[test]
    fn the_most_tokens_are_read_by_each_of_their_names() {
        let most = |body: &str| read(body).max_tokens;
        assert_eq!(most(r#"{"model":"m","max_tokens":5}"#), 5);
        assert_eq!(most(r#"{"model":"m","max_tokens":5,"max_completion_tokens":7}"#), 7);
        assert_eq!(most(r#"{"model":"m","max_output_tokens":9}"#), 9);
        for nothing in ["null", "-1", "1e3", "\"5\"", "{}"] {
            assert_eq!(most(&format!(r#"{{"model":"m","max_tokens":{nothing}}}"#)), 0);
        }
    }

    #[test]
    fn stream_options_are_told_with_their_place() {
        let options = |body: &str| read(body).stream_options;
        assert_eq!(options(r#"{"model":"m"}"#), StreamOptions::Missing);
        assert_eq!(options(r#"{"model":"m","stream_options":null}"#), StreamOptions::Null(30..34));
        let silent = |empty| StreamOptions::Silent { inside: 31, empty };
        assert_eq!(options(r#"{"model":"m","stream_options":{ }}"#), silent(true));
        assert_eq!(options(r#"{"model":"m","stream_options":{"x":{}}}"#), silent(false));
        assert_eq!(options(r#"{"model":"m","stream_options":{"include_usage":true}}"#), StreamOptions::Asked);
        assert_eq!(
            options(r#"{"model":"m","stream_options":{"include_usage": false}}"#),
            StreamOptions::Declined(48..53)
        );
    }

    #[test]
    fn what_providers_could_read_differently_is_refused() {
        for (body, field) in [
            (r#"{"model":"a","model":"b"}"#, "model"),
            (r#"{"model":"a","mod\u0065l":"b"}"#, "model"),
            (r#"{"model":"a","Model":"b"}"#, "model"),
            (r#"{"MODEL":"b"}"#, "model"),
            (r#"{"model":"a","mo_del":"b"}"#, "model"),
            (r#"{"model":"a","\u017ftream":true}"#, "stream"),
            (r#"{"model":"a","ſtream":true}"#, "stream"),
            (r#"{"model":"a","ﬆream":true}"#, "stream"),
            (r#"{"model":"a","stream":true,"stream":false}"#, "stream"),
            (r#"{"model":"a","streamOptions":{}}"#, "stream_options"),
            (r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#, "stream_options"),
            (r#"{"model":"a","stream_options":{"Include_Usage":true}}"#, "stream_options"),
        ] {
            assert_eq!(param(body), Some(field), "{body}");
        }
    }

    #[test]
    fn a_model_may_be_missing_where_the_provider_has_one() {
        for body in ["{}", r#"{"model":null}"#, r#"{"input":"x"}"#] {
            let head = BodyHead::read(body.as_bytes(), true).unwrap();
            assert_eq!((head.model.as_ref(), head.model_at), ("", 0..0), "{body}");
        }
        for body in [r#"{"model":""}"#, r#"{"model":7}"#, r#"{"Model":"m"}"#, r#"{"model":null,"model":"m"}"#] {
            assert_eq!(BodyHead::read(body.as_bytes(), true).unwrap_err().param, Some("model"), "{body}");
        }
    }

    #[test]
    fn wrong_types_name_their_field() {
        for (body, field) in [
            ("{}", "model"),
            (r#"{"model":null}"#, "model"),
            (r#"{"model":7}"#, "model"),
            (r#"{"model":""}"#, "model"),
            (r#"{"model":" gpt-4o"}"#, "model"),
            (r#"{"model":"gpt\n4o"}"#, "model"),
            (r#"{"model":["a"]}"#, "model"),
            (r#"{"model":"m","stream":"true"}"#, "stream"),
            (r#"{"model":"m","stream":1}"#, "stream"),
            (r#"{"model":"m","stream_options":[]}"#, "stream_options"),
            (r#"{"model":"m","stream_options":{"include_usage":1}}"#, "stream_options.include_usage"),
        ] {
            assert_eq!(param(body), Some(field), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_object_is_refused_as_a_whole() {
        for body in
            ["", " \n", "[]", "\"a\"", "null", "{", r#"{"model":"m"} x"#, r#"{"model":"m"}{}"#, r#"{"model":"m",}"#]
        {
            assert_eq!(param(body), None, "{body}");
        }
        for body in [&b"{\"model\":\"m\",\"x\":\"\xff\"}"[..], b"\xef\xbb\xbf{\"model\":\"m\"}"] {
            assert_eq!(BodyHead::read(body, false).unwrap_err().param, None);
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered(body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = BodyHead::read(&body, true);
        }

        /// What is taken means the same to a parser that keeps the last of two keys.
        #[test]
        fn what_is_taken_is_unambiguous(
            keys in prop::collection::vec("(model|stream|Model|mod\\\\u0065l|STREAM|models|x)", 0..5),
            values in prop::collection::vec("(\"a\"|\"b\"|true|false|null|1)", 5),
        ) {
            let fields: Vec<_> = keys.iter().zip(&values).map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let body = format!("{{{}}}", fields.join(","));
            if let Ok(head) = BodyHead::read(body.as_bytes(), false) {
                let value: serde_json::Value = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(value["model"].as_str(), Some(head.model.as_ref()));
                prop_assert_eq!(value["stream"].as_bool().unwrap_or(false), head.stream);
                prop_assert!(value.get("Model").is_none() && value.get("STREAM").is_none());
            }
        }
    }

    #[test]
    fn deep_nesting_is_passed_over_without_recursion() {
        let deep = format!(r#"{{"model":"m","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(read(&deep).model, "m");
    }
}
