//! Reading JSON without leniency: a repeated name or an unknown field is an
//! error that names its place, never a guess.

use std::{collections::HashSet, fmt, marker::PhantomData};

use axum::http::StatusCode;
use serde::{
    Deserialize,
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};

use crate::ApiError;

/// Reads a whole body. An empty one is an empty object.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.trim_ascii().is_empty() { b"{}".as_slice() } else { body };
    refuse_repeated_names(body)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let Object(value) = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| describe(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn bad_request(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    bad_request(
        "invalid_json",
        format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column()),
    )
}

/// Turns serde's words into a code, a field and a remedy.
fn describe(path: &str, error: &serde_json::Error) -> ApiError {
    if error.is_syntax() || error.is_eof() {
        return malformed(error);
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let path = if path == "." { String::new() } else { path.to_owned() };
    let named = text.split('`').nth(1).unwrap_or_default();
    // The path of an unknown field ends with the field; that of a missing one
    // with the object that lacks it.
    let within = |field: &str| match path.as_str() {
        "" => field.to_owned(),
        path if path == field || path.ends_with(&format!(".{field}")) => path.to_owned(),
        path => format!("{path}.{field}"),
    };
    if text.starts_with("unknown field") {
        let param = within(named);
        let known = text
            .split_once("expected ")
            .map(|(_, known)| known.trim_start_matches("one of ").replace('`', ""))
            .unwrap_or_default();
        let hint = if known.is_empty() { String::new() } else { format!(" Known here: {known}.") };
        return bad_request("unknown_parameter", format!("Unknown parameter: {param}.{hint}")).param(param);
    }
    if text.starts_with("missing field") {
        let param = within(named);
        return bad_request("missing_required_parameter", format!("Missing required parameter: {param}.")).param(param);
    }
    let error = bad_request(
        "invalid_type",
        if path.is_empty() {
            format!("The body has the wrong shape: {text}.")
        } else {
            format!("{path} has the wrong type: {text}.")
        },
    );
    if path.is_empty() { error } else { error.param(path) }
}

fn refuse_repeated_names(body: &[u8]) -> Result<(), ApiError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut repeated = None;
    let outcome = NoRepeats { repeated: &mut repeated }.deserialize(&mut json).and_then(|()| json.end());
    match (outcome, repeated) {
        (_, Some(name)) => {
            Err(bad_request("duplicate_parameter", format!("{name} stands twice in one object. Send it once."))
                .param(name))
        }
        (Err(error), None) => Err(malformed(&error)),
        (Ok(()), None) => Ok(()),
    }
}

/// Walks any JSON value and notes the first name that an object repeats.
struct NoRepeats<'a> {
    repeated: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for NoRepeats<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoRepeats<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(NoRepeats { repeated: &mut *self.repeated })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.repeated.is_none() && seen.contains(&name) {
                *self.repeated = Some(name.chars().take(100).collect());
            }
            seen.insert(name);
            map.next_value_seed(NoRepeats { repeated: &mut *self.repeated })?;
        }
        Ok(())
    }
}

/// A value that is read from an object and nothing else: serde by itself also
/// takes an array for a struct, and its items for the fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnlyObject(PhantomData)).map(Self)
    }
}

struct OnlyObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyObject<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// For a field that holds an object or null. Every field that is a struct needs
/// this, [`needed_object`] or [`present_object`].
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// For a field that must hold an object.
pub fn needed_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// For a field that holds a list of objects, or null.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|Object(value)| value).collect()))
}

/// For a field that may be absent, null or an object: `Some(None)` is null.
pub fn present_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    object(deserializer).map(Some)
}

/// For a field that may be absent, null or given: `Some(None)` is null.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::response::IntoResponse;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        #[serde(default, deserialize_with = "object")]
        inner: Option<Inner>,
        #[serde(default, deserialize_with = "present")]
        note: Option<Option<String>>,
        #[serde(default)]
        pairs: BTreeMap<String, String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "n")]
        _n: u32,
    }

    async fn refusal(body: &str) -> (String, String) {
        let response = read::<Body>(body.as_bytes()).unwrap_err().into_response();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let error = &serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["error"];
        (error["code"].as_str().unwrap().into(), error["param"].as_str().unwrap_or("").into())
    }

    #[tokio::test]
    async fn every_mistake_names_its_place() {
        for (body, code, param) in [
            ("", "missing_required_parameter", "name"),
            ("[]", "invalid_type", ""),
            (r#"["a"]"#, "invalid_type", ""),
            (r#"{"name":"a","inner":[1]}"#, "invalid_type", "inner"),
            ("{", "invalid_json", ""),
            ("{} {}", "invalid_json", ""),
            ("{\"name\":\"\u{0}\"}", "invalid_json", ""),
            (r#"{"name":1}"#, "invalid_type", "name"),
            (r#"{"name":"a","nmae":1}"#, "unknown_parameter", "nmae"),
            (r#"{"name":"a","inner":{"n":-1}}"#, "invalid_type", "inner.n"),
            (r#"{"name":"a","inner":{"n":1,"m":2}}"#, "unknown_parameter", "inner.m"),
            (r#"{"name":"a","inner":{}}"#, "missing_required_parameter", "inner.n"),
            (r#"{"name":"a","name":"b"}"#, "duplicate_parameter", "name"),
            (r#"{"name":"a","n\u0061me":"b"}"#, "duplicate_parameter", "name"),
            (r#"{"name":"a","pairs":{"x":"1","x":"2"}}"#, "duplicate_parameter", "x"),
        ] {
            assert_eq!(refusal(body).await, (code.into(), param.into()), "{body}");
        }
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refusal(&deep).await.0, "invalid_json");
    }

    #[test]
    fn absent_null_and_given_are_told_apart() {
        let note = |body: &str| read::<Body>(body.as_bytes()).unwrap().note;
        assert_eq!(note(r#"{"name":"a"}"#), None);
        assert_eq!(note(r#"{"name":"a","note":null}"#), Some(None));
        assert_eq!(note(r#"{"name":"a","note":"b"}"#), Some(Some("b".into())));
    }
}
