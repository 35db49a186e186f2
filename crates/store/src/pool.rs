//! Connections to either database, and the two macros that let one SQL text
//! run on both.

use std::{path::Path, time::Duration};

use futures_util::TryFutureExt as _;
use sqlx::{
    ConnectOptions, Connection as _, Executor as _, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection,
    SqlitePool,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    StoreError,
    database_file::DatabaseFile,
    patience::{ACQUIRE, in_time},
};

/// One database, open.
#[derive(Debug, Clone)]
pub enum Pool {
    /// An embedded file: one connection writes, several read beside it.
    Sqlite {
        /// The one that writes.
        write: SqlitePool,
        /// Those that read.
        read: SqlitePool,
        /// Where it is.
        file: DatabaseFile,
    },
    /// A PostgreSQL server, version 14 or newer.
    Postgres(PgPool),
}

/// A connection in use, of either kind: what every store function takes.
#[derive(Debug)]
pub enum Conn<'a> {
    /// SQLite.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'a mut PgConnection),
}

/// A connection outside a transaction: each statement stands by itself.
#[derive(Debug)]
pub enum PooledConnection {
    /// SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// PostgreSQL.
    Postgres(PoolConnection<Postgres>),
}

/// A transaction. Dropped without `commit`, it changes nothing.
#[derive(Debug)]
pub enum Transaction {
    /// SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Runs an expression with whichever connection it is.
macro_rules! on {
    ($conn:expr, $x:ident => $body:expr) => {
        match $conn {
            $crate::Conn::Sqlite($x) => {
                let $x = &mut **$x;
                $body
            }
            $crate::Conn::Postgres($x) => {
                let $x = &mut **$x;
                $body
            }
        }
    };
}

/// `sql!(conn, fetch_optional as Row, TEXT, binds…)` reads rows,
/// `sql!(conn, execute, TEXT, binds…)` answers how many rows it touched.
macro_rules! sql {
    ($conn:expr, execute, $text:expr $(, $bind:expr)* $(,)?) => {
        on!($conn, x => $crate::patience::in_time(sqlx::query($text)$(.bind($bind))*.execute(x)).await.map(|done| done.rows_affected()))
    };
    ($conn:expr, $how:ident as $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        on!($conn, x => $crate::patience::in_time(sqlx::query_as::<_, $row>($text)$(.bind($bind))*.$how(x)).await)
    };
}

/// For PostgreSQL: how long it waits for what another connection holds, and for
/// a process that went away in the middle of a change, which every other change
/// waits for.
const WAITS: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'";

impl Pool {
    /// Opens (or makes) the embedded database.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let file = DatabaseFile::open(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            // An answered change must outlive a power cut, not only a crash.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("temp_store", "memory")
            // A start reads every key: rows are handed over some hundreds at a time.
            .row_buffer_size(512)
            .disable_statement_logging();
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
        // On a full disk SQLite gives a transaction up by itself, and sqlx goes on
        // believing in it: such a connection would refuse every further one.
        let write = pool(1).after_release(|connection, _| {
            Box::pin(async {
                // Behind a rollback that is still under way.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        });
        let write = write.connect_with(options.clone()).await?;
        let read = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { write, read, file })
    }

    /// Connects to PostgreSQL (`postgres://user:password@host/database`).
    pub async fn connect_postgres(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(StoreError::Unavailable)?;
        let options = options.application_name("keyward").disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(ACQUIRE)
            .after_connect(|connection, _| Box::pin(connection.execute(WAITS).map_ok(drop)))
            // A connection on which an answer was given up may never answer again.
            // Unless it is closed here, it keeps its place in the pool for ever.
            .after_release(|connection, _| {
                Box::pin(async {
                    let answered = tokio::time::timeout(ACQUIRE, connection.ping()).await;
                    answered.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
                    Ok(true)
                })
            });
        Ok(Self::Postgres(pool.connect_with(options).await?))
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<PooledConnection, StoreError> {
        self.check_file()?;
        Ok(match self {
            Self::Sqlite { read, .. } => PooledConnection::Sqlite(read.acquire().await?),
            Self::Postgres(pool) => PooledConnection::Postgres(pool.acquire().await?),
        })
    }

    /// A connection for one statement that writes.
    pub async fn write(&self) -> Result<PooledConnection, StoreError> {
        self.check_file()?;
        Ok(match self {
            Self::Sqlite { write, .. } => PooledConnection::Sqlite(write.acquire().await?),
            Self::Postgres(pool) => PooledConnection::Postgres(pool.acquire().await?),
        })
    }

    /// Begins a transaction that will write.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.check_file()?;
        Ok(match self {
            // A transaction that first reads and then writes fails at once when
            // another one writes: take the write lock first.
            Self::Sqlite { write, .. } => Transaction::Sqlite(in_time(write.begin_with("BEGIN IMMEDIATE")).await?),
            Self::Postgres(pool) => Transaction::Postgres(in_time(pool.begin()).await?),
        })
    }

    /// Begins a transaction that reads one unchanging state, whatever is written
    /// beside it. It is dropped, not committed.
    pub async fn snapshot(&self) -> Result<Transaction, StoreError> {
        self.check_file()?;
        Ok(match self {
            Self::Sqlite { read, .. } => Transaction::Sqlite(in_time(read.begin()).await?),
            Self::Postgres(pool) => {
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                Transaction::Postgres(in_time(begun).await?)
            }
        })
    }

    fn check_file(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { file, .. } => file.check(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Closes every connection; what was committed is in the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Whether several Keyward processes may share this database.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl PooledConnection {
    /// For a store function.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(connection) => Conn::Sqlite(connection),
            Self::Postgres(connection) => Conn::Postgres(connection),
        }
    }
}

impl Transaction {
    /// For a store function.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(transaction) => Conn::Sqlite(transaction),
            Self::Postgres(transaction) => Conn::Postgres(transaction),
        }
    }

    /// Makes everything that was written stand. After
    /// [`StoreError::OutcomeUnknown`] it may or may not.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => in_time(transaction.commit()).await,
            Self::Postgres(transaction) => in_time(transaction.commit()).await,
        }
        .map_err(|error| match error {
            StoreError::Unavailable(error) => StoreError::OutcomeUnknown(error),
            other => other,
        })
    }
}
