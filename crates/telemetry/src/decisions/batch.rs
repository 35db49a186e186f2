//! Decisions that are kept together.

use uuid::Uuid;

use super::{Record, Records};

/// The first byte of each batch: what its records look like.
const FORMAT: u8 = 1;

/// Some decisions in one piece, and the calls that it may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The least id of a request in it.
    pub first: Uuid,
    /// The greatest id of a request in it.
    pub last: Uuid,
    /// What is kept.
    pub content: Vec<u8>,
}

impl Batch {
    /// A batch of one.
    pub fn of(record: Record<'_>) -> Self {
        let id = record.request();
        let mut content = vec![FORMAT];
        content.extend_from_slice(record.bytes());
        Self { first: id, last: id, content }
    }

    /// Takes one more.
    pub fn push(&mut self, record: Record<'_>) {
        let id = record.request();
        self.first = self.first.min(id);
        self.last = self.last.max(id);
        self.content.extend_from_slice(record.bytes());
    }

    /// The decisions in what was kept; none where it is of a later format.
    pub fn records(content: &[u8]) -> Records<'_> {
        match content {
            [FORMAT, records @ ..] => Records::of(records),
            _ => Records::of(&[]),
        }
    }
}
