//! Fills a stopped Keyward's SQLite database with API keys that nobody has the
//! secret of, by copying the one that is there. It goes past Keyward: making a
//! million keys over the API would take hours. So it is the one place here
//! (with [`crate::pages`], which fills more of them) that knows of a table, and
//! it knows as little as it can: `api_keys` with the columns `id`, `digest` and
//! `name`, which must differ; all others are copied, whatever they are.

use crate::process::find_program;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// First bytes of every SQLite file (<https://sqlite.org/fileformat.html>).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Adds keys until the database in `data_dir` holds `total`.
pub fn fill(data_dir: &Path, total: u64) -> Result<()> {
    let database = find_database(data_dir)?;
    let columns = columns(&database, "api_keys")?;
    let there: u64 = sqlite(&database, "SELECT count(*) FROM api_keys;")?.trim().parse()?;
    ensure!(there > 0, "there is no API key to copy");
    let statement = copies("api_keys", &columns, &KEY, total.saturating_sub(there), "")?;
    if there < total {
        sqlite(&database, &statement)?;
    }
    Ok(())
}

/// What must differ from key to key.
pub const KEY: [(&str, &str); 3] =
    [("id", "randomblob(16)"), ("digest", "randomblob(32)"), ("name", "lower(hex(randomblob(8)))")];

/// The columns of a table.
pub fn columns(database: &Path, table: &str) -> Result<Vec<String>> {
    let columns = sqlite(database, &format!("SELECT name FROM pragma_table_info('{table}');"))?;
    Ok(columns.lines().map(str::to_owned).collect())
}

/// What copies the first row of a table `count` times, numbered `n.i`, with other
/// `values` in some columns; `also` joins more, and says which.
pub fn copies(table: &str, columns: &[String], values: &[(&str, &str)], count: u64, also: &str) -> Result<String> {
    for (needed, _) in values {
        let is_there = columns.iter().any(|column| column == needed);
        ensure!(is_there, "the table {table} has no column {needed} any more: change this file");
    }
    let value = |column: &String| {
        let changed = values.iter().find(|(name, _)| name == column);
        changed.map_or_else(|| format!("k.\"{column}\""), |(_, value)| (*value).to_owned())
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    // Without waiting for the disk: this database is thrown away.
    Ok(format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;\n\
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})\n\
         INSERT INTO {table} ({}) SELECT {} FROM n CROSS JOIN \
         (SELECT * FROM {table} ORDER BY rowid LIMIT 1) k {also};",
        names.join(", "),
        values.join(", ")
    ))
}

/// The SQLite file in `data_dir` that has the table.
pub fn find_database(data_dir: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(data_dir)? {
        let path = entry?.path();
        let mut start = Vec::new();
        if path.is_file() {
            File::open(&path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        }
        if start == MAGIC && !sqlite(&path, "SELECT 1 FROM sqlite_master WHERE name = 'api_keys';")?.is_empty() {
            return Ok(path);
        }
    }
    Err(anyhow::anyhow!("no database with a table api_keys in the data directory"))
}

/// Runs statements, and answers what they select.
pub fn sqlite(database: &Path, sql: &str) -> Result<String> {
    let program = find_program("sqlite3").context("sqlite3 is missing: apt-get install sqlite3")?;
    let mut command = Command::new(program);
    command.args(["-batch", "-bail"]).arg(database);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no standard input")?;
    input.write_all(sql.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "sqlite3: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "
        CREATE TABLE project (id BLOB PRIMARY KEY) STRICT;
        CREATE TABLE api_keys (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            project_id BLOB NOT NULL REFERENCES project (id),
            name TEXT NOT NULL,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            expires_at INTEGER,
            \"order\" INTEGER NOT NULL,
            UNIQUE (project_id, name)
        ) STRICT;
        INSERT INTO project VALUES (x'01');
        INSERT INTO api_keys VALUES (randomblob(16), x'01', 'real', randomblob(32), NULL, 7);";

    #[test]
    fn keys_are_added_up_to_the_total_and_the_first_stays() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("master.key"), "not a database")?;
        let database = folder.path().join("keys.db");
        sqlite(&database, SCHEMA)?;
        let ask = |sql: &str| -> Result<String> { Ok(sqlite(&database, sql)?.trim().to_owned()) };
        for (total, expected) in [(1, "1"), (50, "50"), (2000, "2000"), (10, "2000")] {
            fill(folder.path(), total)?;
            assert_eq!(ask("SELECT count(*) FROM api_keys;")?, expected);
        }
        assert_eq!(ask("SELECT count(*) FROM api_keys WHERE name = 'real';")?, "1");
        assert_eq!(ask("SELECT count(*) FROM api_keys WHERE \"order\" = 7 AND project_id = x'01';")?, "2000");
        Ok(())
    }

    #[test]
    fn a_table_that_has_changed_is_refused() {
        assert!(copies("api_keys", &["id".to_owned(), "name".to_owned()], &KEY, 1, "").is_err());
    }

    #[test]
    fn a_directory_without_a_database_is_refused() -> Result<()> {
        assert!(fill(tempfile::tempdir()?.path(), 1).is_err());
        Ok(())
    }
}
