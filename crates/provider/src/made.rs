//! Which thing an answer made or names, that the provider keeps: read from a
//! whole answer, or from the first events of a stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::sse::Splitter;

/// The ids in an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Of what was made or asked for.
    pub id: Option<String>,
    /// Of files that it has made: a batch's results and errors.
    pub files: Vec<String>,
    /// It is a response that the provider goes on making in the background.
    pub runs_on: bool,
}

impl Made {
    /// Reads an answer in JSON; without one nothing is found.
    pub fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            output_file_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            error_file_id: Option<Cow<'a, str>>,
            #[serde(borrow)]
            background: Option<&'a RawValue>,
            #[serde(borrow)]
            status: Option<&'a RawValue>,
        }
        let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else { return Self::default() };
        let files = [answer.output_file_id, answer.error_file_id].into_iter().flatten();
        Self {
            id: answer.id.map(Cow::into_owned).filter(|id| !id.is_empty()),
            files: files.map(Cow::into_owned).filter(|id| !id.is_empty()).collect(),
            runs_on: runs_on(answer.background, answer.status),
        }
    }
}

/// Whether a response that says this is made in the background.
fn runs_on(background: Option<&RawValue>, status: Option<&RawValue>) -> bool {
    background.is_some_and(|background| background.get() == "true") && status.is_some_and(is_at_work)
}

/// Whether a response of this status is still being made: what it used isn't
/// known yet.
pub(crate) fn is_at_work(status: &RawValue) -> bool {
    matches!(status.get(), r#""queued""# | r#""in_progress""#)
}

/// What the first event of a stream of responses says of the response; `None`
/// until that event is whole.
pub fn streamed_response(so_far: &[u8]) -> Option<Made> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        response: Option<Response<'a>>,
    }
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        id: Option<Cow<'a, str>>,
        #[serde(borrow)]
        background: Option<&'a RawValue>,
        #[serde(borrow)]
        status: Option<&'a RawValue>,
    }
    let mut first = None;
    Splitter::default().push(so_far, |event| {
        if first.is_none() && !event.data.is_empty() {
            let response = serde_json::from_slice::<Event<'_>>(&event.data).ok().and_then(|event| event.response);
            first = Some(response.map_or_else(Made::default, |response| Made {
                id: response.id.map(Cow::into_owned).filter(|id| !id.is_empty()),
                files: Vec::new(),
                runs_on: runs_on(response.background, response.status),
            }));
        }
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_whole_answers() {
        let made = Made::read(br#"{"object":"batch","id":"batch_1","output_file_id":"file-o","error_file_id":null}"#);
        assert_eq!((made.id.as_deref(), made.files.as_slice()), (Some("batch_1"), &["file-o".to_owned()][..]));
        for nothing in [&b"{}"[..], b"", b"[]", br#"{"id":7}"#, br#"{"id":""}"#] {
            assert_eq!(Made::read(nothing), Made::default());
        }
    }

    #[test]
    fn a_response_runs_on_only_in_the_background_and_until_it_is_done() {
        for (rest, runs_on) in [
            (r#""background":true,"status":"queued""#, true),
            (r#""background": true,"status":"in_progress""#, true),
            (r#""background":true,"status":"completed""#, false),
            (r#""background":false,"status":"in_progress""#, false),
            (r#""background":null,"status":"queued""#, false),
            (r#""background":true"#, false),
            (r#""status":"queued""#, false),
        ] {
            let response = format!(r#"{{"id":"resp_1",{rest}}}"#);
            assert_eq!(Made::read(response.as_bytes()).runs_on, runs_on, "{rest}");
            let event = format!("data: {{\"type\":\"response.created\",\"response\":{response}}}\n\n");
            assert_eq!(streamed_response(event.as_bytes()).unwrap().runs_on, runs_on, "{rest}");
        }
    }

    #[test]
    fn a_streams_response_is_known_with_its_first_whole_event() {
        let text =
            "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n";
        let id = |text: &str| streamed_response(text.as_bytes()).map(|made| made.id.unwrap_or_default());
        for end in 0..text.len() {
            assert_eq!(id(&text[..end]), None, "{end}");
        }
        assert_eq!(id(text).as_deref(), Some("resp_1"));
        assert_eq!(id(&format!(": hello\n\n{text}{text}")).as_deref(), Some("resp_1"));
        // Nothing is waited for that may never come.
        assert_eq!(id("data: {\"type\":\"error\"}\n\n").as_deref(), Some(""));
    }
}
