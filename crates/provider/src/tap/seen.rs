//! What the events of each dialect say: their use and their end.

use std::{borrow::Cow, sync::LazyLock};

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Operation, Usage, sse::Event, usage::AnthropicUsage};

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));

/// What the events said so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    openai: Option<Usage>,
    anthropic: AnthropicUsage,
    /// The last event, or the error event, has come.
    pub(super) ended: bool,
    /// An event said that the provider failed.
    pub(super) failed: bool,
    /// A picture is whole; another may follow.
    whole: bool,
}

impl Seen {
    /// Reads one event. Answers whether it is nothing but a usage frame.
    pub(super) fn see(&mut self, operation: Operation, event: &Event<'_>) -> bool {
        let data = event.data.trim_ascii_start();
        match operation {
            Operation::Responses => self.see_response(event.name, data),
            Operation::Messages | Operation::CountTokens => self.see_message(event.name, data),
            Operation::ImageGenerations
            | Operation::ImageEdits
            | Operation::ImageVariations
            | Operation::Transcriptions
            | Operation::Translations
            | Operation::Speech => self.see_media(event.name, data),
            _ => return self.see_chunk(event.name, data),
        }
        false
    }

    /// What is known by now.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.openai.or_else(|| self.anthropic.usage())
    }

    /// Whether the stream may end here.
    pub(super) fn is_clean(&self) -> bool {
        self.ended || self.whole
    }

    /// Pictures and sound: each that is whole says what it used.
    fn see_media(&mut self, name: &[u8], data: &[u8]) {
        #[derive(Deserialize)]
        struct Done<'a> {
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
        }
        let usage = || serde_json::from_slice::<Done<'_>>(data).ok().and_then(|done| Usage::from_openai(done.usage?));
        if data.starts_with(b"[DONE]") || begins_with_error(data) {
            self.ended = true;
            self.failed |= begins_with_error(data);
            return;
        }
        match kind(name, data).as_ref() {
            b"image_generation.completed" | b"image_edit.completed" => {
                self.whole = true;
                self.openai = match (self.openai, usage()) {
                    (Some(before), Some(further)) => Some(before.plus(further)),
                    (before, further) => further.or(before),
                };
            }
            b"speech.audio.done" | b"transcript.text.done" => {
                self.ended = true;
                self.openai = usage();
            }
            b"error" => (self.ended, self.failed) = (true, true),
            _ => {}
        }
    }

    fn see_chunk(&mut self, name: &[u8], data: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Chunk<'a> {
            #[serde(borrow)]
            choices: Option<&'a RawValue>,
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
            #[serde(borrow)]
            service_tier: Option<&'a RawValue>,
            #[serde(borrow)]
            x_groq: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Groq<'a> {
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
        }
        if data.starts_with(b"[DONE]") || name == b"error" || begins_with_error(data) {
            self.ended = true;
            self.failed |= !data.starts_with(b"[DONE]");
            return false;
        }
        if !has_usage_object(data) {
            return false;
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else { return false };
        let groq = chunk.x_groq.and_then(|groq| serde_json::from_str::<Groq<'_>>(groq.get()).ok());
        let usage = chunk.usage.and_then(Usage::from_openai).map(|usage| usage.in_tier(chunk.service_tier));
        self.openai = usage.or_else(|| Usage::from_openai(groq?.usage?)).or(self.openai);
        usage.is_some() && chunk.choices.is_some_and(|choices| is_empty_array(choices.get()))
    }

    fn see_response(&mut self, name: &[u8], data: &[u8]) {
        #[derive(Deserialize)]
        struct End<'a> {
            #[serde(borrow)]
            response: Option<Response<'a>>,
        }
        #[derive(Deserialize)]
        struct Response<'a> {
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
            #[serde(borrow)]
            service_tier: Option<&'a RawValue>,
        }
        match kind(name, data).as_ref() {
            name @ (b"response.completed" | b"response.incomplete" | b"response.failed") => {
                self.ended = true;
                self.failed |= name == b"response.failed";
                let end = serde_json::from_slice::<End<'_>>(data).ok();
                let usage = end
                    .and_then(|end| end.response)
                    .and_then(|response| Some(Usage::from_openai(response.usage?)?.in_tier(response.service_tier)));
                self.openai = usage.or(self.openai);
            }
            b"error" => (self.ended, self.failed) = (true, true),
            _ => {}
        }
    }

    fn see_message(&mut self, name: &[u8], data: &[u8]) {
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(borrow)]
            message: Option<Usages<'a>>,
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Usages<'a> {
            #[serde(borrow)]
            usage: Option<&'a RawValue>,
        }
        match kind(name, data).as_ref() {
            b"message_start" | b"message_delta" => {
                let Ok(event) = serde_json::from_slice::<Message<'_>>(data) else { return };
                for usage in [event.message.and_then(|message| message.usage), event.usage].into_iter().flatten() {
                    self.anthropic.update(usage);
                }
            }
            b"message_stop" => self.ended = true,
            b"error" => (self.ended, self.failed) = (true, true),
            _ => {}
        }
    }
}

/// What an event of responses or messages is: its name, or the `type` within
/// when a provider leaves the name out.
pub(crate) fn kind<'a>(name: &'a [u8], data: &'a [u8]) -> Cow<'a, [u8]> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    if !name.is_empty() {
        return name.into();
    }
    match serde_json::from_slice::<Typed<'_>>(data) {
        Ok(Typed { kind: Cow::Borrowed(kind) }) => kind.as_bytes().into(),
        Ok(Typed { kind: Cow::Owned(kind) }) => kind.into_bytes().into(),
        Err(_) => b"".into(),
    }
}

/// Whether a key `usage` has an object as its value. Within a JSON string the
/// quotes would be escaped, so text that talks of usage doesn't count.
fn has_usage_object(data: &[u8]) -> bool {
    USAGE.find_iter(data).any(|at| value_begins(data.get(at + USAGE.needle().len()..), |first| first == b'{'))
}

/// Whether the data is an object whose first key is `error`, and not null.
fn begins_with_error(data: &[u8]) -> bool {
    let inside = data.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    value_begins(inside.and_then(|inside| inside.strip_prefix(b"\"error\"")), |first| first != b'n')
}

/// Whether `after_key` goes on with a colon and a value whose first byte is as asked.
fn value_begins(after_key: Option<&[u8]>, asked: impl Fn(u8) -> bool) -> bool {
    let value = after_key.and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
    value.and_then(|value| value.trim_ascii_start().first().copied()).is_some_and(asked)
}

fn is_empty_array(json: &str) -> bool {
    let inside = json.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}
