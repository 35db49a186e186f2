//! `keyward audit export`: passes events on as they come, however many.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use keyward_provider::http::Body;

use super::{audit::Filter, failure::Failure, session::Session};

#[derive(Debug, Args)]
pub struct Export {
    /// How events are written
    #[arg(long, default_value = "jsonl")]
    format: Format,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line; what `audit verify` reads
    Jsonl,
    /// For spreadsheets
    Csv,
    /// The Open Cybersecurity Schema Framework, for security tools
    Ocsf,
}

impl Export {
    pub(super) async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let format = match self.format {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Ocsf => "ocsf",
        };
        let query = self.filter.query(session.shell.now).set("format", Some(format));
        let body = session.connection.stream("/v1/organization/audit_logs/export", &query).await?;
        match self.output {
            None => copy(body, session.shell.output, Failure::Output).await,
            Some(path) => {
                into_file(body, &path).await?;
                session.shell.tell(&format!("Wrote {}.", path.display()));
                Ok(())
            }
        }
    }
}

/// Writes beside the file first, so that half an export is never taken for a
/// whole one. Events name people and addresses: only the owner may read it.
async fn into_file(body: Body, path: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Failed(format!("{} can't be written: {error}.", path.display()));
    let mut beside = OsString::from(path);
    beside.push(".part");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(failed)?;
    let written = copy(body, &mut file, failed).await;
    let kept = written.and_then(|()| keep(&file, Path::new(&beside), path).map_err(failed));
    if kept.is_err() {
        // What is left of it would only be in the way.
        let _ = std::fs::remove_file(&beside);
    }
    kept
}

fn keep(file: &File, beside: &Path, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    std::fs::rename(beside, path)
}

async fn copy(mut body: Body, to: &mut dyn Write, failed: impl Fn(io::Error) -> Failure) -> Result<(), Failure> {
    while let Some(piece) = body.next().await {
        to.write_all(&piece.map_err(|error| Failure::Failed(format!("The export isn't whole: {error}.")))?)
            .map_err(&failed)?;
    }
    Ok(())
}
