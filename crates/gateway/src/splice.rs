//! The only changes that Keyward makes to a request's body: another name for
//! the model, and the wish for usage in a stream. They are spliced in at the
//! places that were read; every other byte stays as it came.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;

use crate::head::{BodyHead, StreamOptions};

/// The body for the provider. `model`: the name to send instead of the
/// caller's. `ask_usage`: make the stream report its usage.
pub(crate) fn splice(body: &Bytes, head: &BodyHead<'_>, model: Option<&str>, ask_usage: bool) -> Bytes {
    let written = |model| if head.is_form { Cow::Borrowed(model) } else { Cow::Owned(json_string(model)) };
    let rename = model.map(|model| (head.model_at.clone(), written(model)));
    let usage = if ask_usage { usage_edit(head) } else { None };
    let mut edits: Vec<_> = rename.into_iter().chain(usage).collect();
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut spliced = Vec::with_capacity(body.len() + edits.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut copied = 0;
    for (range, text) in edits {
        spliced.extend_from_slice(body.get(copied..range.start).unwrap_or_default());
        spliced.extend_from_slice(text.as_bytes());
        copied = range.end;
    }
    spliced.extend_from_slice(body.get(copied..).unwrap_or_default());
    spliced.into()
}

/// Where and what to write so that `stream_options.include_usage` is true.
fn usage_edit(head: &BodyHead<'_>) -> Option<(Range<usize>, Cow<'static, str>)> {
    let (range, text) = match &head.stream_options {
        StreamOptions::Asked => return None,
        // A comma may follow: the model is in the object too.
        StreamOptions::Missing => (head.inside..head.inside, r#""stream_options":{"include_usage":true},"#),
        StreamOptions::Null(range) => (range.clone(), r#"{"include_usage":true}"#),
        StreamOptions::Silent { inside, empty: true } => (*inside..*inside, r#""include_usage":true"#),
        StreamOptions::Silent { inside, empty: false } => (*inside..*inside, r#""include_usage":true,"#),
        StreamOptions::Declined(range) => (range.clone(), "true"),
    };
    Some((range, Cow::Borrowed(text)))
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn spliced(body: &str, model: Option<&str>, ask_usage: bool) -> String {
        let bytes = Bytes::from(body.to_owned());
        let head = BodyHead::read(&bytes, false).unwrap();
        String::from_utf8(splice(&bytes, &head, model, ask_usage).to_vec()).unwrap()
    }

    #[test]
    fn a_body_without_changes_is_the_same_memory() {
        let body = Bytes::from_static(br#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#);
        let head = BodyHead::read(&body, false).unwrap();
        assert_eq!(splice(&body, &head, None, true).as_ptr(), body.as_ptr());
    }

    #[test]
    fn changes_are_as_small_as_they_can_be() {
        assert_eq!(spliced(r#"{ "x":1, "model" : "a" }"#, Some("b\"c"), false), r#"{ "x":1, "model" : "b\"c" }"#);
        for (options, expected) in [
            ("{}", r#"{"include_usage":true}"#),
            ("{ }", r#"{"include_usage":true }"#),
            ("null", r#"{"include_usage":true}"#),
            (r#"{"x":1}"#, r#"{"include_usage":true,"x":1}"#),
            (r#"{"x":1,"include_usage": false}"#, r#"{"x":1,"include_usage": true}"#),
            (r#"{"include_usage":null}"#, r#"{"include_usage":true}"#),
        ] {
            let body = |options: &str| format!(r#"{{"model":"a","stream_options":{options}}}"#);
            assert_eq!(spliced(&body(options), None, true), body(expected));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn options() -> impl Strategy<Value = Option<Value>> {
        let flag = prop::option::of(prop::option::of(any::<bool>()));
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            (flag, prop::option::of(value())).prop_map(|(flag, other)| {
                let mut options = Map::new();
                flag.map(|flag| options.insert("include_usage".into(), json!(flag)));
                other.map(|other| options.insert("other".into(), other));
                Some(Value::Object(options))
            }),
        ]
    }

    proptest! {
        #[test]
        fn nothing_but_the_wanted_changes(
            model in "[^\\pC\\pZ]{1,12}",
            rename in prop::option::of("\\PC{1,12}"),
            ask_usage in any::<bool>(),
            options in options(),
            rest in prop::collection::btree_map("[x-z]{1,5}", value(), 0..5),
            pretty in any::<bool>(),
        ) {
            let mut body: Map<String, Value> = rest.into_iter().collect();
            body.insert("model".into(), json!(model));
            if let Some(options) = &options {
                body.insert("stream_options".into(), options.clone());
            }
            let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();

            let result: Value = serde_json::from_str(&spliced(&text, rename.as_deref(), ask_usage)).unwrap();

            let mut expected = body;
            if let Some(rename) = rename {
                expected.insert("model".into(), json!(rename));
            }
            if ask_usage {
                let mut options = options.and_then(|o| o.as_object().cloned()).unwrap_or_default();
                options.insert("include_usage".into(), json!(true));
                expected.insert("stream_options".into(), Value::Object(options));
            }
            prop_assert_eq!(result, Value::Object(expected));
        }
    }
}
