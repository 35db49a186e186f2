//! The end of the journal that grows: appends whole frames, begins new
//! segments, and undoes what it couldn't finish. Used under the journal's
//! mutex; it never reads.

use std::io::Write;
use std::path::PathBuf;

use uuid::Uuid;

use super::format::{FRAME_BYTES, Frame, HEADER_BYTES, Seed};
use super::position::MAX_SEGMENT;
use super::segment::{self, SegmentFile};
use super::{JournalError, Position};

const HEADER_END: u32 = HEADER_BYTES as u32;
const FRAME: u32 = FRAME_BYTES as u32;
/// No segment grows beyond this, even if no new one can be begun.
const MAX_SEGMENT_BYTES: u32 = u32::MAX / 2;

#[derive(Debug)]
pub(super) struct Writer {
    directory: PathBuf,
    id: Uuid,
    segment_bytes: u32,
    pub(super) file: SegmentFile,
    seed: Seed,
    segment: u32,
    /// Length of the file up to the last whole frame.
    end: u32,
    /// Length beyond which a new segment is tried.
    roll_at: u32,
    /// Whether bytes of an interrupted write may stand behind `end`.
    torn: bool,
}

impl Writer {
    /// Takes over `file`, which holds the header of segment `segment` and
    /// nothing else.
    pub(super) fn new(
        directory: PathBuf,
        id: Uuid,
        segment_bytes: u32,
        file: SegmentFile,
        segment: u32,
    ) -> Self {
        let segment_bytes = segment_bytes.clamp(HEADER_END + FRAME, 1 << 30);
        Self {
            directory,
            id,
            segment_bytes,
            file,
            seed: Seed::of(id, segment),
            segment,
            end: HEADER_END,
            roll_at: segment_bytes,
            torn: false,
        }
    }

    pub(super) fn position(&self) -> Position {
        Position::new(self.segment, self.end)
    }

    pub(super) fn append(&mut self, frame: &mut Frame) -> Result<(), JournalError> {
        if self.torn {
            self.mend()?;
        }
        if self.end + FRAME > self.roll_at && self.end > HEADER_END {
            self.roll()?;
        }
        match self.file.write_all(frame.at(self.seed, self.end)) {
            Ok(()) => {
                self.end += FRAME;
                Ok(())
            }
            Err(error) => {
                let error = JournalError::write(&self.path(), error);
                self.torn = true;
                // If this can't be done now, the next append tries again, and
                // says why not.
                let _mended = self.mend();
                Err(error)
            }
        }
    }

    pub(super) fn continue_after(&mut self, applied: Position) -> Result<(), JournalError> {
        if applied <= self.position() {
            return Ok(());
        }
        tracing::warn!(
            %applied,
            end = %self.position(),
            "the database has applied more than the usage journal holds; going on behind that"
        );
        self.begin_after(applied.segment())
    }

    /// Removes what an interrupted write left behind `end`; where the file
    /// can't be cut, leaves it as it is and begins a new one.
    fn mend(&mut self) -> Result<(), JournalError> {
        if let Err(error) = self.file.truncate(self.end) {
            let abandoned = self.path();
            self.begin_after(self.segment)?;
            tracing::warn!(
                path = %abandoned.display(),
                %error,
                "can't undo an unfinished write; going on in a new segment"
            );
        }
        self.torn = false;
        Ok(())
    }

    /// Begins a new segment. Where that isn't possible, the old one goes on
    /// being used for a while: better a long segment than a lost record.
    fn roll(&mut self) -> Result<(), JournalError> {
        let Err(error) = self.begin_after(self.segment) else {
            return Ok(());
        };
        if self.end > MAX_SEGMENT_BYTES {
            return Err(error);
        }
        tracing::warn!(%error, "can't begin a new journal segment; going on in the old one");
        self.roll_at = self.end + self.segment_bytes / 8 + FRAME;
        Ok(())
    }

    fn begin_after(&mut self, last: u32) -> Result<(), JournalError> {
        if last >= MAX_SEGMENT {
            return Err(JournalError::Exhausted { last });
        }
        let segment = last + 1;
        self.file = SegmentFile::create(&self.directory, self.id, segment)?;
        self.seed = Seed::of(self.id, segment);
        self.segment = segment;
        self.end = HEADER_END;
        self.roll_at = self.segment_bytes;
        self.torn = false;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        segment::path(&self.directory, self.segment)
    }
}
