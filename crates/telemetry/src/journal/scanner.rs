//! Walks the frames of one segment. What isn't a valid frame is stepped over
//! byte by byte until one is, so damage costs the records that it hit and no
//! other, wherever it struck (the length field included).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::UsageRecord;
use super::format::{MAX_FRAME_BYTES, Seed, decode_frame};

/// Bytes read at a time; many frames, and more than the longest.
const WINDOW_BYTES: usize = 64 << 10;

/// What the scanner met; it has moved behind it.
#[expect(clippy::large_enum_variant, reason = "almost all that is found are records")]
pub(super) enum Found {
    Record(UsageRecord),
    /// Bytes that are no record, from this offset on.
    Damage {
        from: u32,
    },
}

/// Reads a segment from an offset to an end that was fixed beforehand.
pub(super) struct Scanner<'a> {
    file: &'a File,
    seed: Seed,
    /// Where to look next.
    offset: u32,
    end: u32,
    /// Bytes of the file from `offset - consumed` on.
    window: Vec<u8>,
    consumed: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(file: &'a File, seed: Seed, offset: u32, end: u32) -> Self {
        Self { file, seed, offset, end, window: Vec::new(), consumed: 0 }
    }

    /// Offset behind what was found last.
    pub(super) fn offset(&self) -> u32 {
        self.offset
    }

    /// The next record, or the damage before it; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        let from = self.offset;
        loop {
            self.fill()?;
            let bytes = self.window.get(self.consumed..).unwrap_or_default();
            let frame = decode_frame(bytes, self.seed, self.offset);
            let at_the_end = bytes.is_empty();
            if (frame.is_some() || at_the_end) && self.offset > from {
                return Ok(Some(Found::Damage { from }));
            }
            match frame {
                Some((record, length)) => {
                    self.step(length);
                    return Ok(Some(Found::Record(record)));
                }
                None if at_the_end => return Ok(None),
                None => self.step(1),
            }
        }
    }

    fn step(&mut self, bytes: usize) {
        self.consumed += bytes;
        self.offset += bytes as u32;
    }

    /// Makes sure that the window holds the longest frame, or all that is left.
    fn fill(&mut self) -> io::Result<()> {
        let held = self.window.len() - self.consumed;
        let left = self.end.saturating_sub(self.offset) as usize;
        if held >= MAX_FRAME_BYTES.min(left) {
            return Ok(());
        }
        // Nobody waits for the rest of a long journal: a call that waits for this processor does.
        std::thread::yield_now();
        self.window.drain(..self.consumed);
        self.consumed = 0;
        // A file shorter than it should be reads as zeros, which are never a
        // frame and so come out as damage.
        self.window.resize(left.min(WINDOW_BYTES), 0);
        let mut at = held;
        while let Some(space) = self.window.get_mut(at..).filter(|space| !space.is_empty()) {
            match self.file.read_at(space, u64::from(self.offset) + at as u64) {
                Ok(0) => break,
                Ok(read) => at += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
