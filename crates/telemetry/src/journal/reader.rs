//! Reads records across segments for the drainer. It never looks beyond the
//! end that it was given, so it may run while others append; what it can't
//! read it reports, and goes on.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::format::{self, FRAME_BYTES, HEADER_BYTES, Header, Seed};
use super::scanner::{Found, Scanner};
use super::{JournalError, Position, UsageRecord, segment};

/// What one reading brought. To be applied as a whole: the records and
/// [`Batch::next`] in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// In the order in which they were appended.
    pub records: Vec<UsageRecord>,
    /// What couldn't be read among them. Reported once, because the position
    /// moves past it; to be logged as an error.
    pub damage: Vec<Damage>,
    /// Behind everything in this batch; equal to where the reading began if
    /// there was nothing to read.
    pub next: Position,
}

/// A part of the journal that can't be read and was passed over. Displays as
/// a sentence with the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Bytes that are no record.
    Damaged {
        /// The segment's number.
        segment: u32,
        /// Where the damage begins in the segment's file.
        offset: u32,
        /// Where reading went on: the next valid record or the next segment.
        skipped_to: Position,
    },
    /// Segments that aren't there, though nothing says they were applied.
    Missing {
        /// First missing segment's number.
        first: u32,
        /// Last missing segment's number.
        last: u32,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Damaged { segment, offset, skipped_to } => {
                let name = segment::file_name(segment);
                write!(f, "{name} is damaged from byte {offset}")?;
                if skipped_to.segment() == segment {
                    write!(f, " to byte {}", skipped_to.offset())
                } else {
                    write!(f, " to its end")
                }
            }
            Self::Missing { first, last } if first == last => {
                write!(f, "{} is missing", segment::file_name(first))
            }
            Self::Missing { first, last } => {
                let (first, last) = (segment::file_name(first), segment::file_name(last));
                write!(f, "{first} to {last} are missing")
            }
        }
    }
}

/// Reads up to `limit` items between `from` and `end`.
pub(super) fn read(
    directory: &Path,
    id: Uuid,
    from: Position,
    end: Position,
    limit: usize,
) -> Result<Batch, JournalError> {
    let from = from.max(Position::START);
    if from > end {
        return Err(JournalError::Ahead { from, end });
    }
    let mut batch = Batch { records: Vec::new(), damage: Vec::new(), next: from };
    while batch.next < end && batch.has_room(limit) {
        let number = batch.next.segment();
        let path = segment::path(directory, number);
        match File::open(&path) {
            Ok(file) => read_segment(&mut batch, &file, &path, id, end, limit)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let next = segment::list(directory)?.into_iter().find(|&n| n > number);
                batch.miss(number, next.unwrap_or(number + 1), end);
            }
            Err(error) => return Err(JournalError::io("read", &path, error)),
        }
    }
    Ok(batch)
}

impl Batch {
    fn has_room(&self, limit: usize) -> bool {
        self.records.len() + self.damage.len() < limit
    }

    fn damaged(&mut self, segment: u32, offset: u32, skipped_to: Position) {
        self.damage.push(Damage::Damaged { segment, offset, skipped_to });
        self.next = skipped_to;
    }

    /// Passes over the segments from `number` up to `next`, which aren't there.
    fn miss(&mut self, number: u32, next: u32, end: Position) {
        let (first, last) = (number, next - 1);
        self.damage.push(Damage::Missing { first, last });
        self.next = behind(last, end);
    }
}

/// Where the journal goes on behind segment `number`.
fn behind(number: u32, end: Position) -> Position {
    end.min(Position::start_of(number + 1))
}

/// Reads on in the segment of `batch.next`, to its end if there is room.
fn read_segment(
    batch: &mut Batch,
    file: &File,
    path: &Path,
    id: Uuid,
    end: Position,
    limit: usize,
) -> Result<(), JournalError> {
    let failed = |error| JournalError::io("read", path, error);
    let number = batch.next.segment();
    let length = if number == end.segment() { end.offset() } else { length(file).map_err(failed)? };
    if (batch.next.offset() as usize) < HEADER_BYTES {
        read_header(batch, file, path, id, length, end)?;
    }
    let left = length.saturating_sub(batch.next.offset()) as usize / FRAME_BYTES;
    batch.records.reserve(left.min(limit.saturating_sub(batch.records.len())));
    let mut scanner = Scanner::new(file, Seed::of(id, number), batch.next.offset(), length);
    while batch.next.segment() == number && batch.has_room(limit) {
        let Some(found) = scanner.next().map_err(failed)? else {
            batch.next = behind(number, end);
            break;
        };
        let next =
            if scanner.offset() < length { Position::new(number, scanner.offset()) } else { behind(number, end) };
        match found {
            Found::Record(record) => {
                batch.records.push(record);
                batch.next = next;
            }
            Found::Damage { from } => batch.damaged(number, from, next),
        }
    }
    Ok(())
}

/// Moves `batch.next` behind the segment's header. A damaged one is reported
/// and costs no record; a file too short to have one is passed over.
fn read_header(
    batch: &mut Batch,
    file: &File,
    path: &Path,
    id: Uuid,
    length: u32,
    end: Position,
) -> Result<(), JournalError> {
    let number = batch.next.segment();
    let records = Position::new(number, HEADER_BYTES as u32);
    if (length as usize) < HEADER_BYTES {
        batch.damaged(number, 0, behind(number, end));
    } else if check_header(file, path, id, number)? {
        batch.next = records;
    } else {
        batch.damaged(number, 0, records);
    }
    Ok(())
}

/// Whether the segment's header is whole.
///
/// # Errors
///
/// Besides the file system's: the header is whole, but of a version or a
/// journal that this isn't.
pub(super) fn check_header(file: &File, path: &Path, id: Uuid, number: u32) -> Result<bool, JournalError> {
    use std::os::unix::fs::FileExt;

    let mut header = [0; HEADER_BYTES];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(JournalError::io("read", path, error)),
    }
    let path = || path.to_owned();
    match format::check_header(&header, id, number) {
        Header::Good => Ok(true),
        Header::Damaged => Ok(false),
        Header::UnknownMajor(found) => Err(JournalError::Version { path: path(), found, known: format::MAJOR }),
        Header::OtherJournal(found) => Err(JournalError::Foreign { path: path(), found, expected: id }),
    }
}

/// The file's length; nothing of ours stands beyond what an offset can name.
pub(super) fn length(file: &File) -> io::Result<u32> {
    Ok(u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX))
}
