//! The demo's body as it "arrives": all at once, or a word at a time. It works
//! only while it is read, so dropping it ends the call.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Shape, reply::Reply};
use crate::http::BodyError;

/// The body of a demo's answer.
pub struct DemoBody(Content);

enum Content {
    Whole { length: u64, left: Option<Bytes> },
    Stream(Box<Stream>),
}

struct Stream {
    shape: Box<dyn Shape>,
    reply: Reply,
    stage: Stage,
    /// `None`: without pauses.
    pace: Option<Interval>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Words,
    Done,
}

impl DemoBody {
    pub(super) fn whole(answer: &Value) -> Self {
        Self::bytes(Bytes::from(answer.to_string()))
    }

    /// All at once, whatever it is.
    pub(super) fn bytes(body: Bytes) -> Self {
        Self(Content::Whole { length: body.len() as u64, left: Some(body) })
    }

    pub(super) fn stream(shape: Box<dyn Shape>, reply: Reply, pace: Duration) -> Self {
        let pace = (!pace.is_zero()).then(|| {
            let mut pace = interval(pace);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        Self(Content::Stream(Box::new(Stream { shape, reply, stage: Stage::Head, pace })))
    }

    /// The next piece, never empty; `None` is the end. Cancel-safe.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.0 {
            Content::Whole { left, .. } => Poll::Ready(left.take()),
            Content::Stream(stream) => stream.poll_next(cx),
        }
    }

    /// The length in bytes, of a whole body.
    pub fn exact_length(&self) -> Option<u64> {
        match &self.0 {
            Content::Whole { length, .. } => Some(*length),
            Content::Stream(_) => None,
        }
    }

    /// Whether the last piece has been taken.
    pub fn is_complete(&self) -> bool {
        match &self.0 {
            Content::Whole { left, .. } => left.is_none(),
            Content::Stream(stream) => stream.stage == Stage::Done,
        }
    }

    /// The rest as one piece of at most `limit` bytes.
    pub(crate) async fn collect(mut self, limit: usize) -> Result<Bytes, BodyError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = std::future::poll_fn(|cx| self.poll_next(cx)).await {
            if whole.len() + piece.len() > limit {
                return Err(BodyError::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl Stream {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.stage == Stage::Done {
            return Poll::Ready(None);
        }
        if let Some(pace) = &mut self.pace {
            ready!(pace.poll_tick(cx));
        }
        Poll::Ready(Some(self.next().into()))
    }

    /// The head goes out with the first word, the tail by itself.
    fn next(&mut self) -> String {
        let head = match self.stage {
            Stage::Head => self.shape.head(),
            Stage::Words | Stage::Done => String::new(),
        };
        match self.reply.next() {
            Some(word) => {
                self.stage = Stage::Words;
                head + &self.shape.word(&word)
            }
            None => {
                self.stage = Stage::Done;
                head + &self.shape.tail(self.reply.end())
            }
        }
    }
}

impl std::fmt::Debug for DemoBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoBody").field("complete", &self.is_complete()).finish_non_exhaustive()
    }
}
