//! The ids of other resources in the bodies of calls, read as strictly as the
//! model is: see [`crate::head`].

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{fields::Fields, head::BadBody};

const INPUT_FILE: &str = "input_file_id";
const PREVIOUS: &str = "previous_response_id";
const CONVERSATION: &str = "conversation";
const STORE: &str = "store";
const BACKGROUND: &str = "background";

/// What a new batch says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BatchHead<'a> {
    /// The file with its calls.
    pub(crate) input_file: Cow<'a, str>,
}

impl<'a> BatchHead<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, BadBody> {
        let [input_file] = fields(body, &[INPUT_FILE])?.0;
        let missing = || wrong(INPUT_FILE, "The request names no file. Add input_file_id, the id of an uploaded file.");
        let input_file = text(INPUT_FILE, input_file)?.ok_or_else(missing)?;
        Ok(Self { input_file })
    }
}

/// What a call for a response says of what providers keep.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead<'a> {
    /// The response that it goes on from.
    pub(crate) previous: Option<Cow<'a, str>>,
    /// It belongs to a conversation that the provider keeps.
    pub(crate) in_conversation: bool,
    /// The provider is to keep the response (it does unless told otherwise, and
    /// always one that it makes in the background).
    pub(crate) is_stored: bool,
}

impl<'a> ResponseHead<'a> {
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, BadBody> {
        let [previous, conversation, store, background] = fields(body, &[PREVIOUS, CONVERSATION, STORE, BACKGROUND])?.0;
        Ok(Self {
            previous: text(PREVIOUS, previous)?,
            in_conversation: conversation.is_some_and(|raw| raw.get() != "null"),
            is_stored: store.is_none_or(|raw| raw.get() != "false")
                || background.is_some_and(|raw| raw.get() == "true"),
        })
    }
}

fn fields<'a, const N: usize>(body: &'a [u8], keys: &[&'static str; N]) -> Result<Fields<'a, N>, BadBody> {
    let whole = |message: String| BadBody { param: None, message };
    let text = std::str::from_utf8(body)
        .map_err(|_| whole("The request's body isn't valid UTF-8. Send JSON encoded as UTF-8.".to_owned()))?;
    let mut bad = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Fields::read(&mut json, keys, &mut bad).and_then(|fields| json.end().map(|()| fields));
    match (bad, read) {
        (Some(bad), _) => Err(bad),
        (None, Ok(fields)) => Ok(fields),
        (None, Err(error)) => Err(whole(format!("The request's body isn't a JSON object: {error}."))),
    }
}

fn text<'a>(key: &'static str, raw: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, BadBody> {
    /// Serde borrows into a `Cow` only when told to.
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    match raw.map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some(json) => match serde_json::from_str(json) {
            Ok(Text(text)) => Ok(Some(text)),
            Err(_) => Err(BadBody { param: Some(key), message: format!("{key} must be a text.") }),
        },
    }
}

fn wrong(param: &'static str, message: &str) -> BadBody {
    BadBody { param: Some(param), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_its_file() {
        let head = BatchHead::read(br#"{"input_file_id":"file-\u0061","endpoint":"/v1/responses"}"#).unwrap();
        assert_eq!(head.input_file, "file-a");
        for (body, param) in [
            ("{}", Some("input_file_id")),
            (r#"{"input_file_id":null}"#, Some("input_file_id")),
            (r#"{"input_file_id":7}"#, Some("input_file_id")),
            (r#"{"input_file_id":"a","input_file_id":"b"}"#, Some("input_file_id")),
            (r#"{"input_file_id":"a","inputFileId":"b"}"#, Some("input_file_id")),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(BatchHead::read(body.as_bytes()).unwrap_err().param, param, "{body}");
        }
    }

    #[test]
    fn a_response_says_what_it_goes_on_from() {
        let read = |body: &'static str| ResponseHead::read(body.as_bytes());
        let plain = ResponseHead { previous: None, in_conversation: false, is_stored: true };
        assert_eq!(read(r#"{"store":true,"conversation":null}"#).unwrap(), plain);
        let head = read(r#"{"previous_response_id":"resp_1","store":false,"conversation":{"id":"c"}}"#).unwrap();
        assert_eq!((head.previous.as_deref(), head.in_conversation, head.is_stored), (Some("resp_1"), true, false));
        assert!(read(r#"{"store":false,"background":true}"#).unwrap().is_stored);
        for (body, param) in [
            (r#"{"previous_response_id":["resp_1"]}"#, "previous_response_id"),
            (r#"{"previous_response_id":"a","Previous_Response_Id":"b"}"#, "previous_response_id"),
            (r#"{"conversation":"a","conversation":null}"#, "conversation"),
        ] {
            assert_eq!(read(body).unwrap_err().param, Some(param), "{body}");
        }
    }
}
