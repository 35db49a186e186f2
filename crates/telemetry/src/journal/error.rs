//! What can go wrong with the journal's files, said so that an operator knows
//! which file and what to do.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Position;

/// Why the journal couldn't do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has this journal open.
    #[error(
        "the usage journal in {} is in use by another process; stop it, or give this one another data directory",
        directory.display()
    )]
    InUse {
        /// The journal's directory.
        directory: PathBuf,
    },
    /// No room on the disk, in the quota or under the file-size limit. What
    /// was half written is undone; appending works again once there is room.
    #[error("no room to write {}: {source}", path.display())]
    Full {
        /// The file that couldn't grow.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Any other error of the file system.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The file was written by a program too new to be understood.
    #[error(
        "{} has journal format {found}, this program reads format {known}; start the newer program that wrote it",
        path.display()
    )]
    Version {
        /// The segment.
        path: PathBuf,
        /// Major version in its header.
        found: u16,
        /// Major version that this program reads and writes.
        known: u16,
    },
    /// The segment was made by another journal and put here.
    #[error("{} belongs to journal {found}, not to this one ({expected}); move it away", path.display())]
    Foreign {
        /// The segment.
        path: PathBuf,
        /// Identity in its header.
        found: Uuid,
        /// Identity of this journal.
        expected: Uuid,
    },
    /// There are segments but no identity. A new identity would make the
    /// database apply them twice.
    #[error(
        "{} is missing although there are journal segments beside it; restore it (a UUID in text; the segments' headers hold it)",
        path.display()
    )]
    IdentityMissing {
        /// Where the identity should be.
        path: PathBuf,
    },
    /// The identity file isn't a UUID.
    #[error("{} doesn't hold a UUID; restore it (the segments' headers hold it)", path.display())]
    IdentityDamaged {
        /// The identity file.
        path: PathBuf,
    },
    /// A position was asked for that the journal hasn't reached. See
    /// [`Journal::continue_after`](super::Journal::continue_after).
    #[error("position {from} is beyond the end of the journal, {end}")]
    Ahead {
        /// The position asked for.
        from: Position,
        /// Where the journal ends.
        end: Position,
    },
    /// The last possible segment number is taken.
    #[error("the journal has no segment number left after {last}")]
    Exhausted {
        /// The last segment's number.
        last: u32,
    },
}

impl JournalError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// The error of a write: tells "no room" from everything else.
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            let path = path.to_owned();
            Self::Full { path, source }
        } else {
            Self::io("write", path, source)
        }
    }
}
