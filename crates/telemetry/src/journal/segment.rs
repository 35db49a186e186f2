//! A segment as a file: its name, its creation, and the handle that appends to
//! it. What stands in it is decided elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::JournalError;
use super::format::encode_header;
use super::position::MAX_SEGMENT;

const PREFIX: &str = "usage-";
const SUFFIX: &str = ".log";

pub(super) fn file_name(number: u32) -> String {
    format!("{PREFIX}{number:08}{SUFFIX}")
}

pub(super) fn path(directory: &Path, number: u32) -> PathBuf {
    directory.join(file_name(number))
}

/// The numbers of the segments in `directory`, lowest first. Files of other
/// names are none of ours.
pub(super) fn list(directory: &Path) -> Result<Vec<u32>, JournalError> {
    let failed = |error| JournalError::io("list", directory, error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        numbers.extend(name.to_str().and_then(number_in));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn number_in(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let number = digits.parse().ok()?;
    ((1..=MAX_SEGMENT).contains(&number) && file_name(number) == name).then_some(number)
}

/// Makes names created or removed in `directory` survive a power cut.
pub(super) fn sync_directory(directory: &Path) -> Result<(), JournalError> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(|error| JournalError::io("sync", directory, error))
}

/// An open segment that only grows, or is cut back to a length it had.
#[derive(Debug)]
pub(super) struct SegmentFile {
    file: File,
    #[cfg(test)]
    pub(super) faults: Faults,
}

/// What a test makes go wrong.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Bytes that still fit before the disk is full.
    pub(super) room: Option<usize>,
    /// Whether cutting back is refused.
    pub(super) no_truncate: bool,
}

impl SegmentFile {
    /// Creates segment `number` with its header, and nothing if that fails.
    ///
    /// The name must not be in use by a segment. A leftover of an earlier
    /// attempt is emptied: its header never became whole.
    pub(super) fn create(directory: &Path, id: Uuid, number: u32) -> Result<Self, JournalError> {
        let path = path(directory, number);
        let mut file = Self::open(&path, true)?;
        let written = file
            .truncate(0)
            .and_then(|()| file.write_all(&encode_header(id, number)));
        if let Err(error) = written {
            let _leftover_is_emptied_next_time = fs::remove_file(&path);
            return Err(JournalError::write(&path, error));
        }
        Ok(file)
    }

    /// Opens an existing segment for appending.
    pub(super) fn reopen(directory: &Path, number: u32) -> Result<Self, JournalError> {
        Self::open(&path(directory, number), false)
    }

    fn open(path: &Path, create: bool) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .append(true)
            .create(create)
            .mode(0o600)
            .open(path)
            .map_err(|error| JournalError::write(path, error))?;
        Ok(Self {
            file,
            #[cfg(test)]
            faults: Faults::default(),
        })
    }

    pub(super) fn truncate(&self, length: u32) -> io::Result<()> {
        #[cfg(test)]
        if self.faults.no_truncate {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.file.set_len(u64::from(length))
    }
}

impl Write for SegmentFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        if let Some(room) = &mut self.faults.room {
            if *room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let fits = bytes.len().min(*room);
            *room -= fits;
            return self.file.write(&bytes[..fits]);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
