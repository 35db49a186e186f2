//! The one row that says what this database's secrets are wrapped with, and
//! bringing the tables up to date.

use sqlx::Executor as _;

use crate::{Conn, Pool, StoreError, patience::in_time};

/// The wrapped keys of an installation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Installation {
    /// The pepper of all digests, wrapped by the master key.
    pub wrapped_pepper: Vec<u8>,
    /// The key that encrypts credentials, wrapped by the master key.
    pub wrapped_data_key: Vec<u8>,
    /// The key that proves the audit chains' heads.
    pub audit_public_key: Vec<u8>,
}

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the tables up to date. Several processes may do so at once: they wait
/// for each other. A database of a newer Keyward is refused.
pub async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let (known, found) = schema_version(&mut pool.read().await?.conn()).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    match pool {
        // The migrator locks PostgreSQL itself, but not an embedded file.
        Pool::Sqlite { write, .. } => {
            let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
            SQLITE.run(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Pool::Postgres(pool) => {
            let mut connection = pool.acquire().await?;
            // Another process may take long to migrate.
            connection.execute("SET lock_timeout = 0").await?;
            let migrated = POSTGRES.run(&mut *connection).await;
            connection.close().await?;
            migrated?;
        }
    }
    Ok(())
}

/// How many migrations this program knows, and how many the database has had.
pub async fn schema_version(conn: &mut Conn<'_>) -> Result<(i64, i64), StoreError> {
    let known = SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0);
    let applied = if table_exists(conn, "_sqlx_migrations").await? {
        sql!(conn, fetch_one as (i64,), "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")?.0
    } else {
        0
    };
    Ok((known, applied))
}

/// Whether there is a table of that name: in a database that wasn't brought up
/// to date, a newer one is missing.
pub async fn table_exists(conn: &mut Conn<'_>, table: &str) -> Result<bool, StoreError> {
    let count = match conn {
        Conn::Sqlite(connection) => {
            let text = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
            in_time(sqlx::query_as::<_, (i64,)>(text).bind(table).fetch_one(&mut **connection)).await?
        }
        Conn::Postgres(connection) => {
            let text = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";
            in_time(sqlx::query_as::<_, (i64,)>(text).bind(table).fetch_one(&mut **connection)).await?
        }
    };
    Ok(count.0 > 0)
}

const FIND: &str = "SELECT wrapped_pepper, wrapped_data_key, audit_public_key FROM installation WHERE id = 1";

/// The installation, also in a database whose tables don't exist yet.
pub async fn find(conn: &mut Conn<'_>) -> Result<Option<Installation>, StoreError> {
    if !table_exists(conn, "installation").await? {
        return Ok(None);
    }
    sql!(conn, fetch_optional as Installation, FIND)
}

const INSERT: &str = "INSERT INTO installation (id, created_at, wrapped_pepper, wrapped_data_key, audit_public_key)
    VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";

/// Keeps the installation's keys, unless another process did so first.
/// Answers whether it was this one.
pub async fn insert(conn: &mut Conn<'_>, installation: &Installation, now: i64) -> Result<bool, StoreError> {
    let Installation { wrapped_pepper, wrapped_data_key, audit_public_key } = installation;
    Ok(sql!(
        conn,
        execute,
        INSERT,
        now,
        wrapped_pepper.as_slice(),
        wrapped_data_key.as_slice(),
        audit_public_key.as_slice()
    )? == 1)
}

/// Answers whether the database does.
pub async fn ping(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    sql!(conn, fetch_one as (i64,), "SELECT sequence FROM change_sequence WHERE id = 1").map(drop)
}

/// Copies the embedded database into `file`, which must not exist, while it is
/// being used: one consistent state, compacted. `None` for PostgreSQL, which
/// has tools of its own.
pub async fn backup(conn: &mut Conn<'_>, file: &str) -> Result<Option<()>, StoreError> {
    match conn {
        Conn::Sqlite(connection) => {
            sqlx::query("VACUUM INTO $1").bind(file).execute(&mut **connection).await?;
            Ok(Some(()))
        }
        Conn::Postgres(_) => Ok(None),
    }
}
