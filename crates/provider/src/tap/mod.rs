//! What a provider's answer says about its use and its end, read while the
//! bytes go by. The bytes themselves are forwarded as they came; the one
//! exception is the usage frame that Keyward itself asked for, which is taken
//! out again when the caller hadn't asked.
//!
//! Metering only: a substring search decides what is worth parsing, so nothing
//! here may ever decide what is allowed.

mod seen;

pub(crate) use seen::kind;

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Operation, Usage,
    estimate::{Asked, Said},
    made::is_at_work,
    sse::Splitter,
    tap::seen::Seen,
    usage::{AnthropicUsage, Used},
};

/// The largest whole body that is kept to be read when it comes in pieces.
pub const MAX_WHOLE: usize = 32 * 1024 * 1024;

/// Watches one answer go by.
#[derive(Debug)]
pub struct ResponseTap {
    operation: Operation,
    body: Body,
}

/// What an answer said in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapOutcome {
    /// What the provider says the call used; of a broken stream, as far as it came.
    pub usage: Option<Usage>,
    /// Whether the answer was all there: of a stream, its dialect's last event
    /// was seen (or its error event); of a whole body, its JSON was complete.
    /// `true` for a body that can't be read (encoded, or too large to keep):
    /// only its framing tells.
    pub clean: bool,
    /// Whether the provider says in it that it failed, as far as it can be read.
    pub failed: bool,
    /// Bytes held back that are still to be forwarded. Never anything but the
    /// beginning of an event whose end didn't come, and only while usage frames
    /// are taken out.
    pub rest: Bytes,
    /// The text that came, where the answer was read and may not have said all of
    /// its use.
    pub said: Option<Said>,
}

impl TapOutcome {
    /// What the call used: as the provider says, or else as it is counted by the
    /// text that `asked` for the answer and the text that came of it. `None` where
    /// neither tells.
    pub fn used(&self, asked: Option<&Asked>) -> Option<Used> {
        match (self.usage, &self.said) {
            // A stream that broke off told its output when there was little of it.
            (Some(usage), Some(said)) if !self.clean => {
                let output_tokens = said.tokens();
                let is_estimated = output_tokens > usage.output_tokens;
                let usage = if is_estimated { Usage { output_tokens, ..usage } } else { usage };
                Some(Used { usage, is_estimated })
            }
            (Some(usage), _) => Some(Used { usage, is_estimated: false }),
            (None, Some(said)) if !said.is_empty() || (self.clean && !self.failed) => {
                let (input_tokens, output_tokens) = (asked?.tokens(), said.tokens());
                Some(Used { usage: Usage { input_tokens, output_tokens, ..Usage::default() }, is_estimated: true })
            }
            (None, _) => None,
        }
    }
}

#[derive(Debug)]
enum Body {
    Opaque,
    Whole(Whole),
    Stream(Box<Stream>),
}

#[derive(Debug)]
enum Whole {
    /// Nothing came yet, or one piece.
    One(Bytes),
    More(Vec<u8>),
    TooLarge,
}

#[derive(Debug, Default)]
struct Stream {
    splitter: Splitter,
    /// Whether usage frames are taken out.
    strip: bool,
    /// Bytes taken and not yet forwarded; only while `strip` is on.
    held: BytesMut,
    /// How many bytes were forwarded or taken out: where `held` begins.
    passed: u64,
    events: u64,
    seen: Seen,
    said: Said,
}

impl ResponseTap {
    /// `streamed`: the answer is an event stream (by its content type, not by
    /// what was asked). `strip_added_usage`: Keyward asked for the usage frame
    /// of a chat completion or completion and the caller didn't.
    pub fn new(operation: Operation, streamed: bool, strip_added_usage: bool) -> Self {
        let strip = strip_added_usage && operation.usage_is_asked_for();
        let body = match streamed {
            true => Body::Stream(Box::new(Stream { strip, ..Stream::default() })),
            false => Body::Whole(Whole::One(Bytes::new())),
        };
        Self { operation, body }
    }

    /// The tap for an answer with these headers. An encoded body, sound and the
    /// like are passed on unread, their use unknown.
    pub fn for_response(operation: Operation, headers: &HeaderMap, strip_added_usage: bool) -> Self {
        let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        let is_event_stream = is_event_stream(headers);
        let is_bytes = operation.may_answer_bytes() && !is_event_stream && !is(headers, b"application/json");
        if encoded || is_bytes {
            return Self { operation, body: Body::Opaque };
        }
        Self::new(operation, is_event_stream, strip_added_usage)
    }

    /// The tap for an answer that says nothing new of any use.
    pub const fn unread(operation: Operation) -> Self {
        Self { operation, body: Body::Opaque }
    }

    /// Whether the bytes go by without being looked at.
    pub const fn is_unread(&self) -> bool {
        matches!(self.body, Body::Opaque)
    }

    /// Takes what came and answers what to forward now: the same bytes, unless
    /// usage frames are taken out; then possibly less or nothing.
    pub fn take(&mut self, bytes: Bytes) -> Bytes {
        match &mut self.body {
            Body::Opaque => bytes,
            Body::Whole(whole) => {
                whole.take(&bytes);
                bytes
            }
            Body::Stream(stream) => stream.take(self.operation, bytes),
        }
    }

    /// Whether the stream's last event (or its error event) has come: what is
    /// forwarded after this tells the caller that the call is over. Never
    /// `true` of a whole body.
    pub fn has_ended(&self) -> bool {
        matches!(&self.body, Body::Stream(stream) if stream.seen.ended)
    }

    /// Whether what was forwarded so far ends with a whole event, so that an
    /// error frame may follow.
    pub fn is_between_events(&self) -> bool {
        match &self.body {
            Body::Stream(stream) if stream.strip => !stream.splitter.is_oversized(),
            Body::Stream(stream) => stream.splitter.is_between_events(),
            Body::Opaque | Body::Whole(_) => false,
        }
    }

    /// How many events came: the next `sequence_number` of a stream of responses.
    pub fn events(&self) -> u64 {
        match &self.body {
            Body::Stream(stream) => stream.events,
            Body::Opaque | Body::Whole(_) => 0,
        }
    }

    /// The answer is over, or given up.
    pub fn end(self) -> TapOutcome {
        match self.body {
            Body::Opaque | Body::Whole(Whole::TooLarge) => {
                TapOutcome { usage: None, clean: true, failed: false, rest: Bytes::new(), said: None }
            }
            Body::Whole(Whole::One(body)) => read_whole(self.operation, &body),
            Body::Whole(Whole::More(body)) => read_whole(self.operation, &body),
            Body::Stream(stream) => stream.end(self.operation),
        }
    }
}

/// Whether an answer with these headers is a stream of events.
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    is(headers, b"text/event-stream")
}

fn is(headers: &HeaderMap, wanted: &[u8]) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.as_bytes().split(|b| *b == b';').next());
    media_type.is_some_and(|media_type| media_type.trim_ascii().eq_ignore_ascii_case(wanted))
}

impl Whole {
    fn take(&mut self, bytes: &Bytes) {
        match self {
            Self::One(body) if body.is_empty() => *body = bytes.clone(),
            Self::One(body) if body.len() + bytes.len() <= MAX_WHOLE => *self = Self::More([&body[..], bytes].concat()),
            Self::More(body) if body.len() + bytes.len() <= MAX_WHOLE => body.extend_from_slice(bytes),
            _ => *self = Self::TooLarge,
        }
    }
}

fn read_whole(operation: Operation, body: &[u8]) -> TapOutcome {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        usage: Option<&'a RawValue>,
        #[serde(borrow)]
        service_tier: Option<&'a RawValue>,
        #[serde(borrow)]
        meta: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
        #[serde(borrow)]
        status: Option<&'a RawValue>,
    }
    /// Where Cohere counts what a reranking used.
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow)]
        tokens: Option<&'a RawValue>,
    }
    let answer = serde_json::from_slice::<Answer<'_>>(body);
    let clean = answer.is_ok();
    let failed = answer.as_ref().is_ok_and(|answer| answer.error.is_some());
    let usage = answer.ok().and_then(|answer| match operation {
        Operation::Messages => {
            let mut anthropic = AnthropicUsage::default();
            anthropic.update(answer.usage?);
            anthropic.usage()
        }
        // Its use is known once it is done.
        Operation::Responses if answer.status.is_some_and(is_at_work) => None,
        // It tells what a message would use.
        Operation::CountTokens => None,
        Operation::Rerank => answer.usage.and_then(Usage::from_openai).or_else(|| {
            let meta = serde_json::from_str::<Meta<'_>>(answer.meta?.get()).ok()?;
            Usage::from_openai(meta.tokens?)
        }),
        _ => Some(Usage::from_openai(answer.usage?)?.in_tier(answer.service_tier)),
    });
    let said = usage.is_none().then(|| Said::of_whole(operation, body));
    TapOutcome { usage, clean, failed, rest: Bytes::new(), said }
}

impl Stream {
    fn take(&mut self, operation: Operation, bytes: Bytes) -> Bytes {
        let Self { splitter, strip, held, passed, events, seen, said } = self;
        let mut cuts = Vec::new();
        splitter.push(&bytes, |event| {
            *events += 1;
            said.hear(operation, &event);
            if seen.see(operation, &event) && *strip {
                cuts.push(event.range);
            }
        });
        if !*strip {
            return bytes;
        }
        let start = *passed;
        let settled = splitter.settled();
        *passed = settled;
        let ready = usize::try_from(settled - start).unwrap_or(usize::MAX);
        let out = if held.is_empty() {
            held.extend_from_slice(bytes.get(ready..).unwrap_or_default());
            bytes.slice(..ready.min(bytes.len()))
        } else {
            held.extend_from_slice(&bytes);
            held.split_to(ready.min(held.len())).freeze()
        };
        without(out, start, &cuts)
    }

    fn end(mut self, operation: Operation) -> TapOutcome {
        let (seen, said, mut strips) = (&mut self.seen, &mut self.said, false);
        self.splitter.finish(|event| {
            said.hear(operation, &event);
            strips = seen.see(operation, &event) && self.strip;
        });
        let rest = if strips { Bytes::new() } else { self.held.freeze() };
        let usage = self.seen.usage();
        // Messages tell their output in instalments, all others once and for all.
        let said = (usage.is_none() || operation == Operation::Messages).then_some(self.said);
        TapOutcome { usage, clean: self.seen.is_clean(), failed: self.seen.failed, rest, said }
    }
}

/// `bytes`, which begin at `start` in the stream, without the `cuts`.
fn without(bytes: Bytes, start: u64, cuts: &[Range<u64>]) -> Bytes {
    if cuts.is_empty() {
        return bytes;
    }
    let offset = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
    let mut kept = BytesMut::with_capacity(bytes.len());
    let mut from = 0;
    for cut in cuts {
        kept.put_slice(bytes.get(from..offset(cut.start)).unwrap_or_default());
        from = offset(cut.end);
    }
    kept.put_slice(bytes.get(from..).unwrap_or_default());
    kept.freeze()
}
