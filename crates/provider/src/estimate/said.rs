//! The text of an answer.

use memchr::{memchr2, memmem};

use super::{SAMPLE, scaled, tokens};
use crate::{Operation, sse::Event, tap::kind};

/// The text that an answer brought so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// As it stands in the answer's JSON, escapes and all.
    kept: Vec<u8>,
    /// How many bytes there were.
    length: usize,
}

impl Said {
    /// Takes what the data of a stream's event bring.
    pub(crate) fn hear(&mut self, operation: Operation, event: &Event<'_>) {
        let fields: &[&[u8]] = match operation {
            Operation::ChatCompletions => &[b"content\"", b"arguments\"", b"reasoning\"", b"refusal\""],
            Operation::Completions => &[b"text\""],
            Operation::Responses => match kind(event.name, &event.data).as_ref() {
                // Sound comes in deltas, too.
                name if name.ends_with(b"audio.delta") || !name.ends_with(b".delta") => &[],
                _ => &[b"delta\""],
            },
            Operation::Messages => &[b"text\"", b"thinking\"", b"partial_json\""],
            _ => &[],
        };
        self.take(fields, &event.data);
    }

    /// The text of an answer that came as a whole.
    pub(crate) fn of_whole(operation: Operation, body: &[u8]) -> Self {
        let mut said = Self::default();
        let fields: &[&[u8]] = match operation {
            Operation::Responses => &[b"text\"", b"arguments\""],
            Operation::Messages => &[b"text\"", b"thinking\""],
            Operation::ChatCompletions | Operation::Completions => {
                &[b"content\"", b"text\"", b"arguments\"", b"reasoning\"", b"refusal\""]
            }
            _ => &[],
        };
        said.take(fields, body);
        said
    }

    fn take(&mut self, fields: &[&[u8]], data: &[u8]) {
        for field in fields {
            for at in memmem::find_iter(data, field) {
                let Some(text) = data.get(at + field.len()..).and_then(string) else { continue };
                self.length += text.len();
                let room = SAMPLE.saturating_sub(self.kept.len());
                self.kept.extend_from_slice(text.get(..room).unwrap_or(text));
            }
        }
    }

    /// Whether there was none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// About how many tokens it has.
    pub fn tokens(&self) -> u64 {
        let escaped = String::from_utf8_lossy(&self.kept);
        let text = serde_json::from_str::<String>(&format!("\"{escaped}\"")).ok();
        scaled(tokens(text.as_deref().unwrap_or(&escaped)), self.kept.len(), self.length)
    }
}

/// The string that is the value behind a key, as it is written.
fn string(behind: &[u8]) -> Option<&[u8]> {
    let value = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', value.get(at..)?)?;
        if value.get(at) == Some(&b'"') {
            return value.get(..at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(operation: Operation, events: &[(&str, &str)]) -> Said {
        let mut said = Said::default();
        for (name, data) in events {
            said.hear(operation, &Event { name: name.as_bytes(), data: data.as_bytes().into(), range: 0..0 });
        }
        said
    }

    #[test]
    fn every_dialects_text_is_heard() {
        for (operation, events, expected) in [
            (
                Operation::ChatCompletions,
                &[
                    ("", r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#),
                    ("", r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#),
                    ("", r#"{"choices": [{"index": 0, "delta": {"content": "lo, \"world\" \u00e9"}}]}"#),
                    ("", r#"{"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop"}]}"#),
                ][..],
                r#"Hello, \"world\" \u00e9"#,
            ),
            (
                Operation::ChatCompletions,
                &[
                    ("", r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\""}}]}}]}"#),
                    ("", r#"{"choices":[{"delta":{"reasoning_content":"Hm"}},{"delta":{"content":"x"}}]}"#),
                ],
                r#"{\"a\"Hmx"#,
            ),
            (Operation::Completions, &[("", r#"{"choices":[{"text":"Hi","index":0}]}"#)], "Hi"),
            (
                Operation::Responses,
                &[
                    ("response.created", r#"{"type":"response.created","response":{"output":[]}}"#),
                    ("response.output_text.delta", r#"{"type":"response.output_text.delta","delta":"Hi"}"#),
                    ("response.audio.delta", r#"{"type":"response.audio.delta","delta":"UklGRg"}"#),
                    ("response.output_text.done", r#"{"type":"response.output_text.done","text":"Hi"}"#),
                ],
                "Hi",
            ),
            (
                Operation::Messages,
                &[
                    ("message_start", r#"{"type":"message_start","message":{"content":[]}}"#),
                    ("content_block_start", r#"{"content_block":{"type":"text","text":""}}"#),
                    ("content_block_delta", r#"{"delta":{"type":"text_delta","text":"Hi"}}"#),
                    ("content_block_delta", r#"{"delta":{"type":"input_json_delta","partial_json":"{}"}}"#),
                ],
                "Hi{}",
            ),
            (Operation::ImageGenerations, &[("", r#"{"text":"no"}"#)], ""),
        ] {
            let said = streamed(operation, events);
            assert_eq!(String::from_utf8_lossy(&said.kept), expected, "{operation:?}");
            assert_eq!((said.length, said.is_empty()), (expected.len(), expected.is_empty()));
        }
    }

    #[test]
    fn tokens_are_those_of_the_text_and_not_of_its_pieces() {
        let pieces: Vec<_> = ["Hel", "lo, wor", "ld! How ar", "e you to", "day?"]
            .map(|piece| ("", format!(r#"{{"choices":[{{"delta":{{"content":"{piece}"}}}}]}}"#)))
            .into();
        let pieces: Vec<_> = pieces.iter().map(|(name, data)| (*name, data.as_str())).collect();
        assert_eq!(streamed(Operation::ChatCompletions, &pieces).tokens(), 9);
        assert_eq!(Said::default().tokens(), 0);
        let whole = Said::of_whole(
            Operation::ChatCompletions,
            br#"{"choices": [{"message": {"content": "Hello, world! How are you today?"}}]}"#,
        );
        assert_eq!(whole.tokens(), 9);
    }

    #[test]
    fn a_long_answer_takes_little_memory_and_is_counted_by_its_beginning() {
        let data = format!(r#"{{"choices":[{{"text":"{}"}}]}}"#, "lorem ipsum ".repeat(1000));
        let events = [("", data.as_str()); 20];
        let said = streamed(Operation::Completions, &events);
        assert_eq!((said.kept.len(), said.length), (SAMPLE, 240_000));
        let expected = tokens(&"lorem ipsum ".repeat(20_000));
        assert!(said.tokens().abs_diff(expected) < expected / 50, "{} {expected}", said.tokens());
    }

    #[test]
    fn broken_strings_are_passed_over() {
        for data in [r#"{"text":"abc"#, r#"{"text":"abc\"#, r#"{"text":"#, r#"{"text""#, r#""text":"a\\\""#] {
            assert!(streamed(Operation::Completions, &[("", data)]).is_empty(), "{data}");
        }
        let said = streamed(Operation::Completions, &[("", r#"{"text":"\ud83d"}"#)]);
        assert!(said.tokens() > 0);
    }
}
