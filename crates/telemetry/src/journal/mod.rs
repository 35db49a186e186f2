//! The usage journal: append-only, checksummed files that hold every completed
//! call before its last frame goes to the client, so that `kill -9` loses
//! nothing that was answered.
//!
//! The journal *is* the queue between the gateway and the database. There is
//! no channel behind it and no memory that grows: the gateway [appends](Journal::append),
//! a drainer [reads](Journal::read_from) and stores the position that it has
//! applied in the same transaction as the counters. Replay after a crash
//! starts at that position and therefore applies each record exactly once.
//!
//! This module must not know a database, a clock, randomness or a runtime, and
//! must not keep a record in memory once its call has returned.
//!
//! # Files
//!
//! | file | content |
//! |---|---|
//! | `journal.lock` | locked while a process has the journal open |
//! | `journal-id` | the journal's identity, a UUID in text |
//! | `usage-00000001.log`, … | segments: a header, then frames (module `format`) |
//!
//! A segment is written by one process only: each [`Journal::open`] begins a
//! new one (or takes an empty last one), so what a crash left behind is never
//! written over.

mod error;
mod format;
mod position;
mod reader;
mod record;
mod recovery;
mod scanner;
mod segment;
mod writer;

#[cfg(test)]
mod full_disk_tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use uuid::Uuid;

pub use error::JournalError;
pub use position::Position;
pub use reader::{Batch, Damage};
pub use record::{ModelName, UsageRecord};

use format::Frame;
use writer::Writer;

/// How a journal is opened.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// Names the journal when the directory holds none yet; random, made by
    /// the caller. An existing journal keeps its own identity.
    pub new_id: Uuid,
    /// Size in bytes at which a new segment is begun; 16 MiB unless a test
    /// wants less. Values below one record or above 1 GiB are brought into
    /// that range.
    pub segment_bytes: u32,
}

impl JournalOptions {
    /// Segments of 16 MiB; `new_id` names the journal if it is new.
    pub fn new(new_id: Uuid) -> Self {
        Self { new_id, segment_bytes: 16 << 20 }
    }
}

/// The open journal of one data directory. One process holds it at a time;
/// within the process any number of threads append while one drains.
///
/// All methods block on files; none of them waits for another process.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    id: Uuid,
    writer: Mutex<Writer>,
    /// [`Position`] behind the last whole record; changes under `writer` only.
    end: AtomicU64,
    /// Lowest segment that may hold bytes that were never synced.
    unsynced_from: Mutex<u32>,
    /// Held, never read: the lock goes when the file is closed.
    _lock: File,
}

impl Journal {
    /// Opens the journal in `directory`, and creates both where they don't
    /// exist (directory 0700, files 0600). A record that a crash left half
    /// written at the very end is cut off and logged.
    ///
    /// Call [`Journal::continue_after`] with the database's position before
    /// the first append.
    ///
    /// # Errors
    ///
    /// [`JournalError::InUse`] while another process has it open;
    /// [`JournalError::Version`], [`JournalError::Foreign`] and the identity
    /// errors for files that aren't this journal's or that this program can't
    /// read; [`JournalError::Full`] and [`JournalError::Io`].
    pub fn open(directory: &Path, options: JournalOptions) -> Result<Self, JournalError> {
        recovery::open(directory, options)
    }

    /// The identity under which the database stores this journal's position.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Appends one record with one `write`. Once this returns `Ok`, the record
    /// survives `kill -9`; it survives a power cut after the next
    /// [`Journal::sync`].
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`] or [`JournalError::Io`]: nothing of this record
    /// is in the journal, everything before it is, and later appends succeed
    /// as soon as the file system lets them.
    pub fn append(&self, record: &UsageRecord) -> Result<(), JournalError> {
        let mut frame = Frame::of(record);
        let mut writer = self.writer.lock();
        let result = writer.append(&mut frame);
        self.publish(&writer);
        result
    }

    /// Brings everything appended before this call to the disk, and answers
    /// up to where that is. Appends go on meanwhile.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`]: what was appended may not survive a power cut.
    pub fn sync(&self) -> Result<Position, JournalError> {
        let mut unsynced_from = self.unsynced_from.lock();
        let end = self.position();
        for number in segment::list(&self.directory)? {
            if !(*unsynced_from..=end.segment()).contains(&number) {
                continue;
            }
            let path = segment::path(&self.directory, number);
            match File::open(&path).and_then(|file| file.sync_data()) {
                Ok(()) => {}
                // Applied and discarded meanwhile: nothing left to sync.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(JournalError::io("sync", &path, error)),
            }
        }
        if *unsynced_from < end.segment() {
            segment::sync_directory(&self.directory)?;
        }
        *unsynced_from = end.segment();
        Ok(end)
    }

    /// Where the journal ends: behind the last appended record. One atomic
    /// load.
    pub fn position(&self) -> Position {
        Position::from_bits(self.end.load(Ordering::Acquire))
    }

    /// Makes sure that everything appended from now on comes after `applied`,
    /// the position that the database has stored.
    ///
    /// The database can be ahead of the files when they lost their end in a
    /// power cut, or were deleted or restored by hand. Without this, new
    /// records would take positions that count as applied already. To be
    /// called once, before the first append.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`], when a new segment is needed and can't be
    /// created.
    pub fn continue_after(&self, applied: Position) -> Result<(), JournalError> {
        let mut writer = self.writer.lock();
        let result = writer.continue_after(applied);
        self.publish(&writer);
        result
    }

    /// Reads whole records in the order in which they were appended, from
    /// `from` (a position that an earlier batch answered, or
    /// [`Position::START`]), until `limit` items are read or the end is
    /// reached. Appends go on meanwhile.
    ///
    /// Bytes that are no record, and segments that are gone, don't stop the
    /// reading: they come as [`Batch::damage`], and reading goes on at the
    /// next valid record.
    ///
    /// # Errors
    ///
    /// [`JournalError::Ahead`] if `from` is beyond the end;
    /// [`JournalError::Io`] if a file can't be read.
    pub fn read_from(&self, from: Position, limit: usize) -> Result<Batch, JournalError> {
        reader::read(&self.directory, self.id, from, self.position(), limit)
    }

    /// Deletes the segments that lie wholly before `applied`, oldest first,
    /// and answers how many; never the one being written. A crash in between
    /// leaves the younger ones, which the next call deletes.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] if a file can't be deleted; older ones are gone
    /// by then, younger ones are not.
    pub fn discard_before(&self, applied: Position) -> Result<usize, JournalError> {
        let keep_from = applied.segment().min(self.position().segment());
        let mut discarded = 0;
        for number in segment::list(&self.directory)? {
            if number >= keep_from {
                break;
            }
            let path = segment::path(&self.directory, number);
            std::fs::remove_file(&path).map_err(|error| JournalError::io("delete", &path, error))?;
            discarded += 1;
        }
        Ok(discarded)
    }

    fn publish(&self, writer: &Writer) {
        self.end.store(writer.position().to_bits(), Ordering::Release);
    }
}
