//! How a stream that can't go on tells its caller so: the error event of each
//! dialect. The official SDKs turn it into an exception. It is the last thing
//! of a stream and is never followed by a clean end.

use bytes::Bytes;
use serde_json::json;

use crate::Operation;

/// What the caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamError<'a> {
    /// For people: what happened and what to do next.
    pub message: &'a str,
    /// OpenAI's `type`, such as `server_error`. Anthropic's is always `api_error`.
    pub kind: &'a str,
    /// Machine-readable reason, such as `provider_timeout`.
    pub code: &'a str,
}

/// The error event for a stream of `operation`. Put it only where an event may
/// begin ([`crate::tap::ResponseTap::is_between_events`]). `sequence_number`
/// is the next one of a stream of responses ([`crate::tap::ResponseTap::events`]);
/// the other dialects have none.
pub fn error_frame(operation: Operation, error: &StreamError<'_>, sequence_number: u64) -> Bytes {
    let StreamError { message, kind, code } = error;
    let (event, data) = match operation {
        Operation::Responses => (
            "event: error\n",
            json!({
                "type": "error",
                "code": code,
                "message": message,
                "param": null,
                "sequence_number": sequence_number,
            }),
        ),
        Operation::Messages | Operation::CountTokens => (
            "event: error\n",
            json!({"type": "error", "error": {"type": "api_error", "message": message, "code": code}}),
        ),
        _ => ("", json!({"error": {"message": message, "type": kind, "param": null, "code": code}})),
    };
    format!("{event}data: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tap::ResponseTap;

    const ERROR: StreamError<'_> =
        StreamError { message: "It \"broke\"\n.", kind: "server_error", code: "provider_timeout" };

    #[test]
    fn every_dialect_has_its_own_shape() {
        for (operation, expected) in [
            (
                Operation::ChatCompletions,
                "data: {\"error\":{\"code\":\"provider_timeout\",\"message\":\"It \\\"broke\\\"\\n.\",\"param\":null,\
                 \"type\":\"server_error\"}}\n\n",
            ),
            (
                Operation::Responses,
                "event: error\ndata: {\"code\":\"provider_timeout\",\"message\":\"It \\\"broke\\\"\\n.\",\
                 \"param\":null,\"sequence_number\":7,\"type\":\"error\"}\n\n",
            ),
            (
                Operation::Messages,
                "event: error\ndata: {\"error\":{\"code\":\"provider_timeout\",\"message\":\"It \\\"broke\\\"\\n.\",\
                 \"type\":\"api_error\"},\"type\":\"error\"}\n\n",
            ),
        ] {
            assert_eq!(error_frame(operation, &ERROR, 7), expected);
        }
    }

    #[test]
    fn the_tap_knows_an_error_frame_as_an_end() {
        for operation in Operation::ALL {
            let mut tap = ResponseTap::new(operation, true, false);
            tap.take(error_frame(operation, &ERROR, 0));
            assert!(tap.has_ended(), "{operation:?}");
        }
    }
}
