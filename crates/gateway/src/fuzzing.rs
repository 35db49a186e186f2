//! What must hold for every request's body, however it is written: run by the
//! fuzz targets (`fuzz/`), and in tests over the inputs that they found worth
//! keeping. Each function fails by panicking. Not part of the program.
//!
//! The readers here that policy's are compared with are made to be as lenient
//! as a provider's could be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "it fails by panicking")]

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use crate::{
    head::{BodyHead, StreamOptions},
    resource_body::{BatchHead, ResponseHead},
    splice::splice,
};

/// The first byte says how the body is read and changed, the rest is the body.
pub fn request_head(data: &[u8]) {
    let Some((how, body)) = data.split_first() else { return };
    let (may_be_missing, renames, asks) = (how & 1 != 0, how & 2 != 0, how & 4 != 0);
    resources(body);
    let Ok(head) = BodyHead::read(body, may_be_missing) else { return };
    let Some(Pairs(pairs)) = parsed(body) else { return };

    let like = |name: &str| pairs.iter().filter(|(key, _)| folded(key) == folded(name)).collect::<Vec<_>>();
    let only = |name: &str| match &like(name)[..] {
        [] => None,
        [(key, value)] if key == name => Some(value.clone()),
        several => panic!("{name} can be read in several ways: {several:?}"),
    };
    let model = only("model").filter(|model| !model.is_null());
    assert_eq!(model, (!head.model.is_empty()).then(|| json!(head.model)));
    assert!(may_be_missing || !head.model.is_empty());
    assert_eq!(only("stream").is_some_and(|stream| stream == json!(true)), head.stream);
    let further = only("models").into_iter().chain(only("fallbacks")).any(|value| !value.is_null());
    assert_eq!(head.further_models.is_some(), further);
    for name in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
        let most = only(name).and_then(|most| most.as_u64()).unwrap_or(0);
        assert!(head.max_tokens >= most, "{name} is {most}");
    }

    let has_model = head.model_at != (0..0);
    let rename = (renames && has_model).then_some("an\"other\u{1f600}");
    // Usage is only ever asked of a call that names its model.
    let asks = asks && has_model;
    let spliced = splice(&Bytes::copy_from_slice(body), &head, rename, asks);
    if !asks {
        let (before, after) = (&body[..head.model_at.start], &body[head.model_at.end..]);
        assert!(spliced.starts_with(before) && spliced.ends_with(after));
    }
    let mut expected: serde_json::Map<_, _> = pairs.into_iter().collect();
    if let Some(rename) = rename {
        expected.insert("model".into(), json!(rename));
    }
    if asks {
        let mut options = expected.get("stream_options").and_then(Value::as_object).cloned().unwrap_or_default();
        options.insert("include_usage".into(), json!(true));
        expected.insert("stream_options".into(), Value::Object(options));
    }
    assert_eq!(serde_json::from_slice::<Value>(&spliced).unwrap(), Value::Object(expected));
    let again = BodyHead::read(&spliced, may_be_missing).unwrap();
    assert_eq!(again.model, rename.unwrap_or(&head.model));
    assert!(!asks || again.stream_options == StreamOptions::Asked);
}

/// The ids of resources in a body.
fn resources(body: &[u8]) {
    let Some(Pairs(pairs)) = parsed(body) else {
        return;
    };
    let like = |name: &str| pairs.iter().filter(|(key, _)| folded(key) == folded(name)).collect::<Vec<_>>();
    if let Ok(head) = BatchHead::read(body) {
        assert!(matches!(&like("input_file_id")[..], [(_, id)] if *id == json!(head.input_file)));
    }
    if let Ok(head) = ResponseHead::read(body) {
        match (&like("previous_response_id")[..], &head.previous) {
            ([], None) => {}
            ([(_, id)], previous) => assert_eq!(id.as_str(), previous.as_deref()),
            several => panic!("previous_response_id can be read in several ways: {several:?}"),
        }
        let conversations = like("conversation");
        assert_eq!(head.in_conversation, conversations.iter().any(|(_, value)| !value.is_null()));
    }
}

/// A boundary that every body of the corpus uses.
const BOUNDARY: &str = "Xb0";

/// The first byte says how the form is read, the rest is the body.
pub fn form(data: &[u8]) {
    let Some((how, body)) = data.split_first() else { return };
    let may_be_missing = how & 1 != 0;
    let Ok(head) = BodyHead::read_form(body, BOUNDARY, may_be_missing) else { return };

    let models = lenient_fields(body, "model");
    let expected: &[&[u8]] = if head.model.is_empty() { &[] } else { &[head.model.as_bytes()] };
    assert_eq!(models, expected, "{:?}", String::from_utf8_lossy(body));
    let streams = lenient_fields(body, "stream");
    assert!(streams.len() <= 1 && head.stream == streams.iter().any(|stream| stream.eq_ignore_ascii_case(b"true")));
    let further = lenient_fields(body, "models").len() + lenient_fields(body, "fallbacks").len();
    assert_eq!(head.further_models.is_some(), further > 0);

    if head.model_at != (0..0) {
        assert_eq!(&body[head.model_at.clone()], head.model.as_bytes());
        let spliced = splice(&Bytes::copy_from_slice(body), &head, Some("another"), false);
        let (before, after) = (&body[..head.model_at.start], &body[head.model_at.end..]);
        assert_eq!(&spliced[..], [before, b"another", after].concat());
        assert_eq!(BodyHead::read_form(&spliced, BOUNDARY, false).unwrap().model, "another");
    }
}

/// What a reader that takes almost anything finds under a name.
fn lenient_fields<'a>(body: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{BOUNDARY}");
    let starts: Vec<_> = memchr::memmem::find_iter(body, delimiter.as_bytes()).collect();
    let mut found = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let part = &body[start + delimiter.len()..starts.get(at + 1).copied().unwrap_or(body.len())];
        let blank = |end: &[u8]| memchr::memmem::find(part, end).map(|at| (at, at + end.len()));
        let Some((head, content)) = blank(b"\r\n\r\n").into_iter().chain(blank(b"\n\n")).min() else { continue };
        let head = String::from_utf8_lossy(&part[..head]).to_lowercase().replace([' ', '\t', '"', '\\'], "");
        let is_named = head.split(['\n', '\r']).any(|line| {
            line.starts_with("content-disposition")
                && line.split(';').any(|parameter| {
                    let value = parameter.strip_prefix("name=").or_else(|| parameter.strip_prefix("name*=utf-8''"));
                    value.is_some_and(|value| folded(value) == folded(name))
                })
        });
        if is_named {
            let content = &part[content..];
            found.push(content.strip_suffix(b"\r\n").unwrap_or(content));
        }
    }
    found
}

/// A key as somebody reads it who cares for nothing but its letters.
fn folded(key: &str) -> String {
    let letters = key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    letters.filter(|c| !matches!(c, '_' | '-')).collect()
}

/// The body as `serde_json` reads all of it; `None` where it is nested deeper,
/// or has larger numbers, than it takes.
fn parsed(body: &[u8]) -> Option<Pairs> {
    match serde_json::from_slice::<Pairs>(body) {
        Ok(pairs) => Some(pairs),
        Err(_) => {
            let is_json = serde_json::from_slice::<de::IgnoredAny>(body).is_ok();
            let is_object = body.trim_ascii_start().starts_with(b"{");
            let error = serde_json::from_slice::<Value>(body).err().map(|error| error.to_string()).unwrap_or_default();
            let is_beyond = error.starts_with("recursion limit") || error.starts_with("number out of range");
            // Text outside of what is looked at isn't decoded: half a surrogate in it is nobody's model.
            let is_half = error.contains("surrogate") || error.contains("hex escape");
            let is_read = BodyHead::read(body, true).is_ok();
            assert!(!is_read || (is_json && is_object && (is_beyond || is_half)), "{error}");
            None
        }
    }
}

/// An object's keys in their order, repeated ones too.
#[derive(Debug)]
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> de::Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        json.deserialize_map(PairsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// Runs what fuzzing found worth keeping.
    fn run_all(target: &str, run: fn(&[u8])) {
        let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let inputs: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        assert!(!inputs.is_empty());
        inputs.iter().for_each(|input| run(input));
    }

    #[test]
    fn what_is_kept_of_fuzzing_request_heads_holds() {
        run_all("request_head", super::request_head);
    }

    #[test]
    fn what_is_kept_of_fuzzing_forms_holds() {
        run_all("form", super::form);
    }
}
