//! Server-sent events, cut out of a stream of bytes as they come (WHATWG HTML,
//! "9.2.6 Interpreting an event stream"). An event is told as soon as its empty
//! line is there, with the place where its bytes stand in the stream, so that
//! whoever forwards the stream can leave one out.
//!
//! Whole events are read where they lie; only what a read leaves unfinished is
//! copied. Nothing here knows what the events say.
//!
//! Two things go beyond the standard, both as the official SDKs do: the last
//! event counts even when the stream ends without its empty line
//! ([`Splitter::finish`]), and a lone CR that ends a read is decided by the next
//! byte, so that CRLF never falls apart.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

/// The largest event that is read, in bytes; larger ones are only counted.
pub const MAX_EVENT: usize = 8 * 1024 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One event that carries data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its `event` field; empty when it has none.
    pub name: &'a [u8],
    /// Its `data` fields, joined by line feeds.
    pub data: Cow<'a, [u8]>,
    /// Where its bytes stand in the stream, the empty line included.
    pub range: Range<u64>,
}

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The unfinished event's bytes (of an oversized one: a stand-in).
    pending: Vec<u8>,
    /// Where `pending` begins in the stream.
    position: u64,
    /// Bytes of `pending` that hold no undecided line end.
    searched: usize,
    /// Where the last line begins in `pending`.
    line: usize,
    /// The unfinished event outgrew [`MAX_EVENT`].
    oversized: bool,
}

impl Splitter {
    /// Takes the next bytes and tells each event that they complete.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Event<'_>)) {
        if self.pending.is_empty() {
            let used = self.split(bytes, &mut each);
            self.pending.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(bytes);
            let used = self.split(&pending, &mut each);
            pending.drain(..used);
            self.pending = pending;
        }
        if self.pending.len() > MAX_EVENT {
            self.give_up();
        }
    }

    /// Ends the stream; tells what stands unfinished, if it is an event.
    pub fn finish(&mut self, mut each: impl FnMut(Event<'_>)) {
        let pending = std::mem::take(&mut self.pending);
        self.tell(&pending, pending.len(), &mut each);
        (self.searched, self.line) = (0, 0);
    }

    /// Up to where the stream's bytes need not be kept: the beginning of the
    /// unfinished event, or the end of what came when that event is too large.
    pub fn settled(&self) -> u64 {
        if self.oversized { self.position + self.pending.len() as u64 } else { self.position }
    }

    /// Whether the bytes so far end with an event's empty line (or there are none).
    pub fn is_between_events(&self) -> bool {
        self.pending.is_empty() && !self.oversized
    }

    /// Whether the unfinished event is too large to be read.
    pub fn is_oversized(&self) -> bool {
        self.oversized
    }

    /// Tells the events in `bytes`, which begin with the unfinished one, and
    /// answers how many bytes they take.
    fn split(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) -> usize {
        let mut start = 0;
        while let Some(found) = bytes.get(self.searched..).and_then(line_end) {
            let at = self.searched + found;
            let end = match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'\r'), Some(b'\n')) => at + 2,
                (Some(b'\r'), None) => {
                    self.searched = at;
                    return self.consume(start);
                }
                _ => at + 1,
            };
            self.searched = end;
            if at == self.line {
                self.tell(bytes.get(start..end).unwrap_or_default(), end - start, each);
                start = end;
            }
            self.line = end;
        }
        self.searched = bytes.len();
        self.consume(start)
    }

    /// Makes the offsets count from `start`, where the unfinished event begins.
    fn consume(&mut self, start: usize) -> usize {
        self.searched -= start;
        self.line -= start;
        start
    }

    /// Tells the event in `bytes` and moves on by `length`.
    fn tell(&mut self, bytes: &[u8], length: usize, each: &mut impl FnMut(Event<'_>)) {
        let range = self.position..self.position + length as u64;
        self.position = range.end;
        let bytes = if range.start == 0 { bytes.strip_prefix(BOM).unwrap_or(bytes) } else { bytes };
        if !std::mem::take(&mut self.oversized)
            && let Some((name, data)) = read(bytes)
        {
            each(Event { name, data, range });
        }
    }

    /// Forgets the bytes of an oversized event. What remains stands in for its
    /// last line, so that its end is still found.
    fn give_up(&mut self) {
        let undecided = self.pending.split_off(self.searched);
        let stand_in: &[u8] = if self.searched > self.line { b":" } else { b"" };
        self.position += (self.pending.len() - stand_in.len()) as u64;
        self.pending = [stand_in, &undecided].concat();
        (self.line, self.searched) = (0, stand_in.len());
        self.oversized = true;
    }
}

/// The name and data of one event; `None` when it carries no data.
fn read(mut bytes: &[u8]) -> Option<(&[u8], Cow<'_, [u8]>)> {
    let mut name: &[u8] = b"";
    let mut data: Option<Cow<'_, [u8]>> = None;
    while !bytes.is_empty() {
        let line;
        (line, bytes) = first_line(bytes);
        match field(line) {
            (b"data", value) => match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            (b"event", value) => name = value,
            _ => {}
        }
    }
    data.map(|data| (name, data))
}

fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some(at) = line_end(bytes) else { return (bytes, b"") };
    let (line, rest) = bytes.split_at_checked(at).unwrap_or((bytes, b""));
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    (line, rest)
}

/// Where the first line ends. Every event has an empty line: that one is found
/// without a search.
fn line_end(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'\n' | b'\r' => Some(0),
        _ => memchr2(b'\n', b'\r', bytes),
    }
}

/// A comment is a field without a name.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let (name, value): (&[u8], &[u8]) = match line.strip_prefix(b"data:") {
        Some(value) => (b"data", value),
        None => match memchr::memchr(b':', line).and_then(|at| line.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
            None => (line, b""),
        },
    };
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = (String, String, Range<u64>);

    fn told(into: &mut Vec<Told>) -> impl FnMut(Event<'_>) {
        |event| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            into.push((text(event.name), text(&event.data), event.range));
        }
    }

    fn events(pieces: &[&[u8]]) -> Vec<Told> {
        let mut splitter = Splitter::default();
        let mut events = Vec::new();
        for piece in pieces {
            splitter.push(piece, told(&mut events));
        }
        splitter.finish(told(&mut events));
        events
    }

    fn data(text: &str) -> Vec<String> {
        events(&[text.as_bytes()]).into_iter().map(|(_, data, _)| data).collect()
    }

    #[test]
    fn all_three_line_ends_are_understood() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "event: a\ndata: 1\n\ndata: 2\n\n".replace('\n', end);
            let names: Vec<_> = events(&[text.as_bytes()]).into_iter().map(|(n, d, _)| (n, d)).collect();
            assert_eq!(names, [("a".into(), "1".into()), (String::new(), "2".into())], "{end:?}");
        }
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        assert_eq!(data("data: a\ndata:b\ndata:  c\n\n"), ["a\nb\n c"]);
        assert_eq!(data("data\n\ndata\ndata\n\n"), ["", "\n"]);
        assert_eq!(data(": comment\nid: 7\nretry: 1\nunknown: x\ndata: a\n\n"), ["a"]);
        assert_eq!(data("event: lonely\n\n: nothing\n\n\n\ndata: a\n\n"), ["a"]);
        assert_eq!(data("data: a:b: c\n\n"), ["a:b: c"]);
        assert_eq!(data(" data: not a field\n\n"), Vec::<String>::new());
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_beginning() {
        assert_eq!(data("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    }

    #[test]
    fn the_last_event_needs_no_empty_line() {
        assert_eq!(data("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
        assert_eq!(data("data: a\n\ndata: [DONE]\r"), ["a", "[DONE]"]);
    }

    #[test]
    fn ranges_cover_the_events_and_nothing_else() {
        let text = "\ndata: 1\r\n\r\n: ping\n\ndata: 2\n\n";
        let ranges: Vec<_> = events(&[text.as_bytes()]).into_iter().map(|(_, _, range)| range).collect();
        assert_eq!(ranges, [1..12, 20..29]);
    }

    #[test]
    fn any_two_cuts_give_the_same_events() {
        let text = "\u{feff}data: 1\r\n\r\nevent: x\rdata: ä\rdata: b\r\r: c\n\ndata: 3\n\r\ndata: 4\n\n".as_bytes();
        let whole = events(&[text]);
        assert_eq!(whole.len(), 4);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                assert_eq!(events(&[&text[..first], &text[first..second], &text[second..]]), whole);
            }
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(events(&bytes), whole);
    }

    #[test]
    fn an_oversized_event_is_passed_over_and_the_next_is_read() {
        for (head, end, tail) in [
            ("data: ", "", "\ndata: more\n\n"),
            ("data: ", "", "\r\n\r\n"),
            (": c\ndata:", "", "\r\r"),
            ("data: x\n", "", "\n\n"),
            ("data: ", "\n", "data: more\n\n"),
            ("data: ", "\n", "\n"),
            ("data: ", "\r", "\n\r\n"),
            ("data: ", "\n\r", "\n"),
        ] {
            let mut splitter = Splitter::default();
            let mut events = Vec::new();
            let large = [head.as_bytes(), &vec![b'x'; MAX_EVENT], end.as_bytes()].concat();
            for piece in large.chunks(1 << 20) {
                splitter.push(piece, told(&mut events));
            }
            assert_eq!(splitter.settled(), large.len() as u64);
            assert!(!splitter.is_between_events());
            for byte in tail.bytes() {
                splitter.push(&[byte], told(&mut events));
            }
            splitter.push(b"data: next\n\n", told(&mut events));
            let start = (large.len() + tail.len()) as u64;
            assert_eq!(events, [(String::new(), "next".to_owned(), start..start + 12)], "{tail:?}");
            assert!(splitter.is_between_events());
            assert_eq!(splitter.settled(), start + 12);
        }
    }
}
