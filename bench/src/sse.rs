//! Counts the events of a server-sent stream, however it is cut into reads.
//! It looks at nothing but the `data:` lines: the load generator must stay
//! cheap.

/// Counts events and knows whether `[DONE]` was the last of them.
#[derive(Debug, Default)]
pub struct SseCounter {
    /// Start of the line that isn't complete yet; longer than needed is cut.
    line: Vec<u8>,
    events: u64,
    done: bool,
}

const DATA: &[u8] = b"data:";
const DONE: &[u8] = b"data: [DONE]";
/// A line longer than this can't be `[DONE]`; its end doesn't matter.
const KEPT: usize = 32;

impl SseCounter {
    /// Reads on.
    pub fn feed(&mut self, mut input: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', input) {
            let (head, rest) = input.split_at(end);
            if self.line.is_empty() {
                self.line_ended(head);
            } else {
                self.keep(head);
                let line = std::mem::take(&mut self.line);
                self.line_ended(&line);
            }
            input = rest.get(1..).unwrap_or_default();
        }
        self.keep(input);
    }

    /// `data:` lines seen, `[DONE]` included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Whether the last event was `[DONE]`.
    pub fn done(&self) -> bool {
        self.done
    }

    fn keep(&mut self, part: &[u8]) {
        let room = KEPT.saturating_sub(self.line.len()).min(part.len());
        self.line.extend(part.iter().take(room));
    }

    fn line_ended(&mut self, line: &[u8]) {
        if line.starts_with(DATA) {
            self.events += 1;
            self.done = line.strip_suffix(b"\r").unwrap_or(line) == DONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(reads: &[&str]) -> (u64, bool) {
        let mut counter = SseCounter::default();
        for read in reads {
            counter.feed(read.as_bytes());
        }
        (counter.events(), counter.done())
    }

    #[test]
    fn events_are_counted_in_any_cut() {
        let stream = crate::script::stream_events().concat();
        let bytes = stream.as_bytes();
        for size in [1, 2, 3, 7, 64, 1000, bytes.len()] {
            let mut counter = SseCounter::default();
            bytes.chunks(size).for_each(|part| counter.feed(part));
            assert_eq!((counter.events(), counter.done()), (crate::script::STREAM_EVENTS, true), "cut by {size}");
        }
    }

    #[test]
    fn a_stream_without_done_is_not_done() {
        assert_eq!(counted(&["data: {}\n\n", "data: {}\n\n"]), (2, false));
    }

    #[test]
    fn an_event_after_done_takes_done_back() {
        assert_eq!(counted(&["data: [DONE]\n\n", "data: {\"error\":1}\n\n"]), (2, false));
    }

    #[test]
    fn done_inside_another_event_is_not_done() {
        assert_eq!(counted(&["data: {\"content\":\"data: [DONE]\"}\n\n"]), (1, false));
    }

    #[test]
    fn a_line_that_never_ends_is_not_an_event() {
        assert_eq!(counted(&["data: [DONE]"]), (0, false));
    }

    #[test]
    fn carriage_returns_and_comments_are_understood() {
        assert_eq!(counted(&[": ping\r\n", "data: {}\r\n\r\n", "data: [DONE]\r\n\r\n"]), (2, true));
    }
}
