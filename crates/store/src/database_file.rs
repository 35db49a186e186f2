//! The embedded database's file. A file that is deleted or moved while it is
//! open goes on taking writes that nobody will ever see again, without an
//! error: so it is looked for in its place before each use.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::StoreError;

/// The file as it was when it was opened.
#[derive(Debug, Clone)]
pub struct DatabaseFile {
    path: Arc<PathBuf>,
    /// Device and inode.
    identity: (u64, u64),
}

impl DatabaseFile {
    /// Makes the file if there is none, for its owner only; SQLite gives its
    /// companions the same mode.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let found = opened.and_then(|file| file.metadata()).map_err(unavailable)?;
        Ok(Self { path: Arc::new(path.to_owned()), identity: (found.dev(), found.ino()) })
    }

    /// Refuses to go on when the path doesn't name the open file any more.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match std::fs::metadata(&*self.path) {
            Ok(found) if (found.dev(), found.ino()) == self.identity => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unavailable(error)),
            Ok(_) | Err(_) => Err(unavailable(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "{} was moved, deleted or replaced while Keyward uses it: put it back, or stop Keyward and restore a backup",
                    self.path.display()
                ),
            ))),
        }
    }
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(sqlx::Error::Io(error))
}
