//! A request's body in a form that is the same for the same request: keys in
//! one order, nothing between the values, texts without their escapes, numbers
//! as they were written. Two different requests never have the same form.
//!
//! It reads what [`crate::head`] has read before, and takes no more than that:
//! a key that stands twice somewhere means different things to different
//! providers, and has no form.

use std::{borrow::Cow, ops::Range};

use serde::Deserialize;

use crate::fields::folds_to;

/// The largest body that has a form, in bytes.
const MAX_BODY: usize = 1 << 20;
/// How deep a body may be nested to have one.
const MAX_DEPTH: usize = 64;

/// What rules out that an answer is kept or given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The body is large, deep, or says something twice.
    Body,
    /// The answer leaves something at the provider, or goes on from it.
    Kept,
    /// A tool runs at the provider: its answer is of that moment.
    Tool,
}

/// Fields by whose value a call leaves something at the provider, goes on from
/// it, or makes it look something up; `true`: only that value does.
const KEPT: [(&str, bool); 6] = [
    ("store", true),
    ("background", true),
    ("previous_response_id", false),
    ("conversation", false),
    ("container", false),
    ("file_id", false),
];
const TOOLS: [&str; 2] = ["web_search_options", "mcp_servers"];

/// The body's form.
pub(super) fn canonical(body: &[u8]) -> Result<Vec<u8>, Unfit> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_BODY).ok_or(Unfit::Body)?;
    let mut reader = Reader { text, at: 0, form: Vec::with_capacity(text.len()), unfit: None };
    reader.value(0).ok_or(Unfit::Body)?;
    match reader.unfit {
        Some(unfit) => Err(unfit),
        None => Ok(reader.form),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    form: Vec<u8>,
    unfit: Option<Unfit>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.next()? {
            b'{' if depth < MAX_DEPTH => self.object(depth),
            b'[' if depth < MAX_DEPTH => self.array(depth),
            b'{' | b'[' => None,
            b'"' => {
                let text = self.string()?;
                self.put(b's', text.as_bytes());
                Some(())
            }
            _ => {
                let rest = self.text.get(self.at..)?;
                let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
                let scalar = rest.get(..end).filter(|scalar| !scalar.is_empty())?;
                self.at += end;
                self.put(b'n', scalar.as_bytes());
                Some(())
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.form.push(b'[');
        loop {
            match self.next()? {
                b']' => break,
                b',' => self.at += 1,
                _ => self.value(depth + 1)?,
            }
        }
        self.at += 1;
        self.form.push(b']');
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.form.push(b'{');
        let start = self.form.len();
        let mut entries: Vec<(Cow<'a, str>, Range<usize>)> = Vec::new();
        loop {
            match self.next()? {
                b'}' => break,
                b',' => self.at += 1,
                b'"' => {
                    let begin = self.form.len();
                    let key = self.string()?;
                    self.put(b's', key.as_bytes());
                    if self.next()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    self.next()?;
                    let from = self.at;
                    self.value(depth + 1)?;
                    self.look(depth, &key, from);
                    entries.push((key, begin..self.form.len()));
                }
                _ => return None,
            }
        }
        self.at += 1;
        if !entries.is_sorted_by(|one, next| one.0 < next.0) {
            entries.sort_by(|one, next| one.0.cmp(&next.0));
            if entries.windows(2).any(|pair| matches!(pair, [one, next] if one.0 == next.0)) {
                return None;
            }
            let unsorted = self.form.split_off(start);
            for (_, range) in entries {
                self.form.extend_from_slice(unsorted.get(range.start - start..range.end - start)?);
            }
        }
        self.form.push(b'}');
        Some(())
    }

    /// Looks at a field whose value began at `from` and ends here.
    fn look(&mut self, depth: usize, key: &str, from: usize) {
        let value = self.text.get(from..self.at).unwrap_or_default();
        if matches!(value, "null" | "false") {
            return;
        }
        let unfit = if depth > 0 {
            (key == "file_id").then_some(Unfit::Kept)
        } else if folds_to(key, "tools") && has_foreign_tools(value) || TOOLS.iter().any(|name| folds_to(key, name)) {
            Some(Unfit::Tool)
        } else if KEPT.iter().any(|(name, only_true)| folds_to(key, name) && (!only_true || value == "true"))
            // A template that is kept at the provider; completions have a text of that name.
            || (folds_to(key, "prompt") && value.starts_with('{'))
        {
            Some(Unfit::Kept)
        } else {
            None
        };
        self.unfit = self.unfit.or(unfit);
    }

    /// A JSON text that begins here, its escapes undone.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let from = self.at;
        let mut at = from + 1;
        let mut is_plain = true;
        loop {
            match memchr::memchr2(b'"', b'\\', self.text.as_bytes().get(at..)?)? + at {
                end if self.text.as_bytes().get(end) == Some(&b'"') => {
                    self.at = end + 1;
                    break;
                }
                escape => {
                    is_plain = false;
                    at = escape + 2;
                }
            }
        }
        if is_plain {
            return self.text.get(from + 1..self.at - 1).map(Cow::Borrowed);
        }
        serde_json::from_str::<String>(self.text.get(from..self.at)?).ok().map(Cow::Owned)
    }

    /// Writes a text or a scalar with its length, so that nothing runs together.
    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.form.push(kind);
        self.form.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.form.extend_from_slice(bytes);
    }

    /// The first byte that isn't blank.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))?;
        self.at += blank;
        rest.get(blank).copied()
    }
}

/// Whether any of the tools isn't one that the caller itself runs.
fn has_foreign_tools(tools: &str) -> bool {
    #[derive(Deserialize)]
    struct Tool<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Option<Cow<'a, str>>,
    }
    serde_json::from_str::<Vec<Tool<'_>>>(tools).map_or(true, |tools| {
        tools.iter().any(|tool| !matches!(tool.kind.as_deref(), None | Some("function" | "custom")))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn form(body: &str) -> Result<Vec<u8>, Unfit> {
        canonical(body.as_bytes())
    }

    #[test]
    fn the_same_request_has_one_form_however_it_is_written() {
        let plain = form(r#"{"a":"é/","b":[1,true,null,{"x":1.0,"y":-2e3}],"c":{}}"#).unwrap();
        for same in [
            " {\r\n\"c\" : { } ,\t\"b\":[ 1 , true,null , {\"y\":-2e3,\"x\":1.0}], \"a\":\"é/\"} ",
            r#"{"\u0061":"\u00e9\/","b":[1,true,null,{"y":-2e3,"x":1.0}],"c":{}}"#,
        ] {
            assert_eq!(form(same).unwrap(), plain, "{same}");
        }
    }

    #[test]
    fn different_requests_have_different_forms() {
        let all = [
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":"1"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"a":[[]]}"#,
            r#"{"a":null}"#,
            r#"{"a":"null"}"#,
            r#"{"a":true}"#,
            r#"{"b":1}"#,
            r#"{}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":["x","y"]}"#,
            r#"{"a":["xs\u0001\u0000\u0000\u0000y"]}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":"b","c":1}"#,
            r#"{"a":"é"}"#,
            r#"{"a":"e\u0301"}"#,
        ];
        for (number, one) in all.iter().enumerate() {
            for other in &all[..number] {
                assert_ne!(form(one).unwrap(), form(other).unwrap(), "{one} {other}");
            }
        }
    }

    #[test]
    fn what_is_ambiguous_or_too_much_has_no_form() {
        let nested = |depth: usize| format!("{}{}", r#"{"a":"#.repeat(depth), "1") + &"}".repeat(depth);
        assert!(form(&nested(64)).is_ok());
        assert_eq!(form(&nested(65)), Err(Unfit::Body));
        let large = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        assert!(form(&large(MAX_BODY)).is_ok());
        assert_eq!(form(&large(MAX_BODY + 1)), Err(Unfit::Body));
        for body in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":1}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"{"a":"\ud800"}"#,
            "{",
            r#"{"a":}"#,
            r#"{"a" 1}"#,
            r#"{"a":"x"#,
            r#"{"a":"\"#,
            "[1",
            "",
        ] {
            assert_eq!(form(body), Err(Unfit::Body), "{body}");
        }
    }

    #[test]
    fn what_is_kept_or_looked_up_at_the_provider_is_told() {
        for body in [
            r#"{"store":true}"#,
            r#"{"Store":true}"#,
            r#"{"background":true}"#,
            r#"{"previous_response_id":"resp_1"}"#,
            r#"{"conversation":{"id":"c"}}"#,
            r#"{"container":"c"}"#,
            r#"{"prompt":{"id":"pmpt_1"}}"#,
            r#"{"input":[{"content":[{"type":"input_file","file_id":"file-1"}]}]}"#,
        ] {
            assert_eq!(form(body), Err(Unfit::Kept), "{body}");
        }
        for body in [
            r#"{"tools":[{"type":"function"},{"type":"web_search"}]}"#,
            r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#,
            r#"{"tools":[7]}"#,
            r#"{"tools":{}}"#,
            r#"{"web_search_options":{}}"#,
            r#"{"mcp_servers":[]}"#,
        ] {
            assert_eq!(form(body), Err(Unfit::Tool), "{body}");
        }
        for body in [
            r#"{"store":false,"background":null,"previous_response_id":null,"tools":null}"#,
            r#"{"tools":[{"type":"function","function":{}},{"type":"custom"},{"name":"anthropic","input_schema":{}}]}"#,
            r#"{"prompt":"Once","tools":[]}"#,
            r#"{"messages":[{"content":"store: true","store":true}]}"#,
        ] {
            assert!(form(body).is_ok(), "{body}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i16>().prop_map(Value::from),
            "[a-c\"\\\\é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\é]{0,2}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn forms_are_the_same_exactly_when_the_values_are(one in value(), other in value()) {
            let pretty = serde_json::to_string_pretty(&one).unwrap();
            let [a, b] = [&one, &other].map(|value| form(&value.to_string()).unwrap());
            prop_assert_eq!(&a, &form(&pretty).unwrap());
            prop_assert_eq!(a == b, one == other);
        }

        #[test]
        fn any_body_is_answered(body in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ua1 n"[..]), 0..40)) {
            let _ = canonical(&body);
        }
    }
}
