//! What can go wrong in a database, as far as callers act differently on it.

use sqlx::error::ErrorKind;

/// A database's refusal or silence.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, is locked for too long, or hung up. Nothing was
    /// changed; trying again later may help.
    #[error("the database can't be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// It went away while a change was being committed: the change may stand.
    #[error("the database went away in the middle of a commit: {0}")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// Its disk is full. Nothing was changed.
    #[error("the database's disk is full: {0}")]
    Full(#[source] sqlx::Error),
    /// A value that must be unique is taken; names the unique index or its
    /// columns, as the database says it.
    #[error("already taken: {0}")]
    Taken(String),
    /// A stored value that no version of Keyward writes.
    #[error("the database holds a value that can't be read: {0}")]
    Unreadable(String),
    /// A newer Keyward has changed the tables.
    #[error(
        "the database was used by a newer Keyward: its tables are at version {found}, this program knows version {known}. Start that Keyward, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The newest change that the tables have had.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The tables can't be brought up to date.
    #[error("the tables can't be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Anything else: a defect of Keyward's.
    #[error("unexpected answer of the database: {0}")]
    Unexpected(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(database) if database.kind() == ErrorKind::UniqueViolation => {
                // PostgreSQL names the constraint; SQLite only writes it into the message.
                Self::Taken(database.constraint().unwrap_or_else(|| database.message()).to_owned())
            }
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // SQLite: SQLITE_FULL; PostgreSQL: disk_full.
                Some("13" | "53100") => Self::Full(error),
                // SQLite: busy, locked, I/O errors (10 + n · 256), can't open, read-only
                // (the file was taken away). PostgreSQL: connection and operator classes,
                // serialization and lock trouble, too many connections.
                Some("5" | "6" | "14" | "8" | "261" | "517" | "1032") => Self::Unavailable(error),
                Some(code) if code.parse::<u32>().is_ok_and(|code| code & 0xff == 10) && code.len() < 5 => {
                    Self::Unavailable(error)
                }
                Some(code)
                    if code.len() == 5
                        && ["08", "57", "40", "55", "53"].iter().any(|class| code.starts_with(class)) =>
                {
                    Self::Unavailable(error)
                }
                _ => Self::Unexpected(error),
            },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Unreadable(error.to_string()),
            _ => Self::Unexpected(error),
        }
    }
}

impl StoreError {
    /// A stored value of `column` that no version of Keyward writes.
    pub(crate) fn unreadable(column: &str, value: impl std::fmt::Debug) -> Self {
        Self::Unreadable(format!("{column} = {value:?}"))
    }

    /// Whether the taken value is that of the unique index `index` on `columns`
    /// (SQLite names columns, PostgreSQL the index).
    pub fn is_taken(&self, index: &str, columns: &str) -> bool {
        matches!(self, Self::Taken(what) if what == index || what.contains(index) || what.contains(columns))
    }
}
