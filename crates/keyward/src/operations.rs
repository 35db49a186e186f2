//! `keyward migrate` and `keyward backup`.

use std::{
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use keyward_store::installation::{backup as copy, schema_version};

use crate::{config::Settings, installation, system::SystemClock};

/// Brings the tables up to date.
#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    /// Only say what would be done; exit code 1 if there is something to do.
    #[arg(long)]
    check: bool,
}

/// Runs `keyward migrate`. Answers whether nothing is left to do.
pub async fn migrate(settings: &Settings, args: &MigrateArgs, out: &mut dyn Write) -> Result<bool> {
    let versions = async || -> Result<(i64, i64)> {
        let pool = installation::open_pool(settings).await?;
        let versions = schema_version(&mut pool.read().await?.conn()).await?;
        pool.close().await;
        Ok(versions)
    };
    installation::make_data_dir(settings)?;
    let (known, before) = versions().await?;
    if args.check {
        writeln!(out, "The tables are at version {before}; this Keyward wants version {known}.")?;
        return Ok(before == known);
    }
    installation::open(settings, Arc::new(SystemClock), None).await?.close().await;
    let (_, after) = versions().await?;
    writeln!(out, "The tables went from version {before} to version {after}.")?;
    Ok(true)
}

/// Copies the embedded database while it is being used.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// Where to; the file must not exist yet.
    file: PathBuf,
}

/// Runs `keyward backup`.
pub async fn backup(settings: &Settings, args: &BackupArgs, out: &mut dyn Write) -> Result<()> {
    if settings.database_url.is_some() {
        bail!("this backs up the embedded database only; use pg_dump for PostgreSQL");
    }
    let source = installation::database_file(settings);
    if !source.exists() {
        bail!("there is no database at {}: name its folder with --data-dir", source.display());
    }
    if args.file.exists() {
        bail!("{} exists already: name a file that doesn't", args.file.display());
    }
    // Beside its place first, so that an interrupted copy is never taken for a whole one.
    let beside = args.file.with_extension("part");
    let text = beside.to_str().context("the file's name must be UTF-8")?;
    if beside.exists() {
        bail!("{} is left from an interrupted backup: remove it first", beside.display());
    }
    make_empty(&beside)?;
    let pool = installation::open_pool(settings).await?;
    let copied = async { Ok::<_, anyhow::Error>(copy(&mut pool.read().await?.conn(), text).await?) }.await;
    pool.close().await;
    if let Err(error) = copied {
        let _ = std::fs::remove_file(&beside);
        return Err(error.context("the database can't be copied"));
    }
    std::fs::rename(&beside, &args.file)?;
    let size = std::fs::metadata(&args.file)?.len();
    writeln!(out, "Copied {} to {} ({size} bytes).", source.display(), args.file.display())?;
    writeln!(
        out,
        "The master key isn't in it. Keep {} too, elsewhere: without it no secret in the copy can be opened.",
        settings.master_key_file.display()
    )?;
    Ok(())
}

/// An empty file that only its owner may read: the copy keeps its permissions.
fn make_empty(file: &Path) -> Result<()> {
    let made = std::fs::File::create_new(file).with_context(|| format!("{} can't be made", file.display()))?;
    Ok(made.set_permissions(Permissions::from_mode(0o600))?)
}
