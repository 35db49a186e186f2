//! Opening a journal: locks it, learns or makes its identity, refuses what it
//! can't read, cuts off what a crash left half written, and begins a segment.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use uuid::Uuid;

use super::format::{HEADER_BYTES, MAX_FRAME_BYTES, Seed, is_cut_short};
use super::position::MAX_SEGMENT;
use super::reader::{check_header, length};
use super::scanner::{Found, Scanner};
use super::segment::{self, SegmentFile};
use super::writer::Writer;
use super::{Journal, JournalError, JournalOptions};

const LOCK_FILE: &str = "journal.lock";
const ID_FILE: &str = "journal-id";

pub(super) fn open(directory: &Path, options: JournalOptions) -> Result<Journal, JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| JournalError::io("create", directory, error))?;
    let lock = lock(directory)?;
    let segments = segment::list(directory)?;
    let id = identity(directory, segments.is_empty(), options.new_id)?;
    for &number in &segments {
        let path = segment::path(directory, number);
        let file = File::open(&path).map_err(|error| JournalError::io("read", &path, error))?;
        check_header(&file, &path, id, number)?;
    }
    let (file, number) = match segments.last() {
        None => (SegmentFile::create(directory, id, 1)?, 1),
        Some(&last) => after_last(directory, id, last)?,
    };
    let writer = Writer::new(
        directory.to_owned(),
        id,
        options.segment_bytes,
        file,
        number,
    );
    Ok(Journal {
        directory: directory.to_owned(),
        id,
        end: AtomicU64::new(writer.position().to_bits()),
        writer: Mutex::new(writer),
        // What an earlier process appended may not be on the disk either.
        unsynced_from: Mutex::new(0),
        _lock: lock,
    })
}

fn lock(directory: &Path) -> Result<File, JournalError> {
    let path = directory.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| JournalError::write(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(JournalError::io("lock", &path, error)),
    }
}

/// Reads the journal's identity; a journal without segments may get a new one.
fn identity(directory: &Path, is_new: bool, new_id: Uuid) -> Result<Uuid, JournalError> {
    let path = directory.join(ID_FILE);
    match fs::read(&path) {
        Ok(text) => Uuid::try_parse_ascii(text.trim_ascii())
            .map_err(|_| JournalError::IdentityDamaged { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !is_new {
                return Err(JournalError::IdentityMissing { path });
            }
            create_identity(directory, &path, new_id)?;
            Ok(new_id)
        }
        Err(error) => Err(JournalError::io("read", &path, error)),
    }
}

/// Writes the identity beside its place and moves it there, so that a crash
/// leaves either none or a whole one.
fn create_identity(directory: &Path, path: &Path, id: Uuid) -> Result<(), JournalError> {
    let draft = directory.join("journal-id.new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{id}")?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| JournalError::write(path, error))?;
    segment::sync_directory(directory)
}

/// Tidies the end of the last segment and answers the one to write to: the
/// same if it holds no more than its header, else a new one.
fn after_last(directory: &Path, id: Uuid, last: u32) -> Result<(SegmentFile, u32), JournalError> {
    let path = segment::path(directory, last);
    let failed = |error| JournalError::io("read", &path, error);
    let file = File::open(&path).map_err(failed)?;
    let length = length(&file).map_err(failed)?;
    if (length as usize) < HEADER_BYTES {
        tracing::warn!(path = %path.display(), bytes = length, "cut off an unfinished segment header");
        return Ok((SegmentFile::create(directory, id, last)?, last));
    }
    if length as usize == HEADER_BYTES && check_header(&file, &path, id, last)? {
        return Ok((SegmentFile::reopen(directory, last)?, last));
    }
    if let Some(whole) = whole_length(&file, Seed::of(id, last), length).map_err(failed)? {
        SegmentFile::reopen(directory, last)?
            .truncate(whole)
            .map_err(|error| JournalError::io("cut", &path, error))?;
        tracing::warn!(
            path = %path.display(),
            bytes = length - whole,
            "cut off an unfinished usage record"
        );
    }
    if last >= MAX_SEGMENT {
        return Err(JournalError::Exhausted { last });
    }
    Ok((SegmentFile::create(directory, id, last + 1)?, last + 1))
}

/// The length to which to cut a segment that ends in the middle of a frame.
/// `None` if it doesn't: damage of any other kind stays, for the reader to
/// report.
fn whole_length(file: &File, seed: Seed, length: u32) -> io::Result<Option<u32>> {
    let mut scanner = Scanner::new(file, seed, HEADER_BYTES as u32, length);
    let mut tail = length;
    while let Some(found) = scanner.next()? {
        tail = match found {
            Found::Record(_) => length,
            Found::Damage { from } => from,
        };
    }
    let mut bytes = [0; MAX_FRAME_BYTES];
    let Some(bytes) = bytes.get_mut(..(length - tail) as usize) else {
        return Ok(None);
    };
    file.read_exact_at(bytes, u64::from(tail))?;
    Ok((tail < length && is_cut_short(bytes)).then_some(tail))
}
