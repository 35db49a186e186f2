//! One request and its answer, without a transport: the bytes to send, and
//! whether what comes back is what the provider was to say.

use super::Plan;
use crate::http1::AnswerReader;
use crate::script::{self, Work};
use crate::sse::SseCounter;
use anyhow::{Result, ensure};

/// What every exchange of a plan sends and expects.
#[derive(Clone, Debug)]
pub struct Script {
    work: Work,
    request: Vec<u8>,
}

/// An answer that is being read.
#[derive(Debug)]
pub struct Exchange {
    work: Work,
    reader: AnswerReader,
    body_bytes: u64,
    events: SseCounter,
}

impl Script {
    pub fn new(plan: &Plan) -> Self {
        Self { work: plan.work, request: script::request(plan.work, &plan.target.to_string(), &plan.key) }
    }

    pub fn request(&self) -> &[u8] {
        &self.request
    }

    pub fn exchange(&self) -> Exchange {
        Exchange { work: self.work, reader: AnswerReader::new(), body_bytes: 0, events: SseCounter::default() }
    }
}

impl Exchange {
    /// Reads on; no input means that the connection ended. `true` when the
    /// answer is complete and right.
    pub fn feed(&mut self, input: &[u8]) -> Result<bool> {
        ensure!(!input.is_empty(), "the connection ended in the middle of an answer");
        let Self { work, reader, body_bytes, events } = self;
        let complete = reader.feed(input, &mut |data| {
            *body_bytes += data.len() as u64;
            if *work != Work::Call {
                events.feed(data);
            }
        })?;
        if complete {
            self.check()?;
        }
        Ok(complete)
    }

    /// Whether the connection can't be used again.
    pub fn closes(&self) -> bool {
        self.reader.closes()
    }

    fn check(&self) -> Result<()> {
        ensure!(self.reader.status() == 200, "status {}", self.reader.status());
        if self.work == Work::Call {
            ensure!(self.body_bytes == script::ANSWER_BYTES as u64, "an answer of {} bytes", self.body_bytes);
        } else {
            ensure!(self.events.done(), "a stream without its [DONE], after {} events", self.events.events());
            ensure!(self.events.events() == script::STREAM_EVENTS, "a stream of {} events", self.events.events());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(work: Work, status: &str, body: &str) -> Result<bool> {
        let script = Script { work, request: Vec::new() };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        script.exchange().feed(answer.as_bytes())
    }

    #[test]
    fn the_providers_answers_are_right() -> Result<()> {
        assert!(outcome(Work::Call, "200 OK", &script::answer_body())?);
        assert!(outcome(Work::Burst, "200 OK", &script::stream_events().concat())?);
        Ok(())
    }

    #[test]
    fn anything_else_is_an_error() {
        let events = script::stream_events();
        assert!(outcome(Work::Call, "401 Unauthorized", &script::answer_body()).is_err());
        assert!(outcome(Work::Call, "200 OK", "{}").is_err());
        assert!(outcome(Work::Paced, "200 OK", &events[..24].concat()).is_err(), "no [DONE]");
        assert!(outcome(Work::Paced, "200 OK", &events[1..].concat()).is_err(), "a frame is missing");
        assert!(outcome(Work::Paced, "502 Bad Gateway", &events.concat()).is_err());
    }

    #[test]
    fn a_connection_that_ends_early_is_an_error() {
        let script = Script { work: Work::Call, request: Vec::new() };
        assert!(script.exchange().feed(b"").is_err());
    }
}
