//! Keyward at half load for a long time: its memory must stay flat and nothing
//! stay open. Each minute brings whole answers, bursts and paced streams on
//! connections of its own, and ends with a look at the process when all of them
//! are closed.

use crate::load::Alone;
use crate::process::pin_self;
use crate::results::Target;
use crate::script::Work;
use crate::targets::{Place, Running, SETTLE};
use crate::{procfs, stats};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::path::PathBuf;

/// How the soak is to be done.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keyward's program, built as it is shipped.
    #[arg(long, default_value = "target/dist/keyward")]
    keyward: PathBuf,
    /// How many minutes.
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// The processor of Keyward.
    #[arg(long, default_value_t = 0)]
    keyward_core: usize,
    /// The processor of load and provider.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Where `soak.md` goes.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Seconds of a minute that each kind of load has; the rest is for starting and
/// settling.
const SHARES: [(Work, f64); 3] = [(Work::Call, 36.0), (Work::Burst, 10.0), (Work::Paced, 10.0)];
/// Seconds of full load, to know what half of it is.
const FULL: f64 = 3.0;
/// What the last third may keep more than the first: caches fill up, and the
/// allocator gives back in pages.
const MORE_BYTES: f64 = 4e6;
const MORE_FILES: f64 = 2.0;

/// What a minute left behind.
#[derive(Debug)]
struct Minute {
    calls: u64,
    resident: f64,
    files: f64,
}

/// Soaks, prints the table, and fails if anything grew or a call failed.
pub fn run(options: &Options) -> Result<()> {
    ensure!(options.minutes >= 6, "six minutes at least: the first third is compared with the last");
    pin_self(options.load_core)?;
    let folder = tempfile::tempdir()?;
    let (place, _provider) = Place::new(&options.keyward, options.keyward_core, folder.path())?;
    let running = place.start(Target::Keyward)?;
    let mut rates = Vec::new();
    for (work, _) in SHARES {
        rates.push(put(&running, work, FULL, None)?.1 / 2.0);
    }
    let mut minutes = Vec::new();
    for number in 1..=options.minutes {
        let mut calls = 0;
        for ((work, seconds), rate) in SHARES.into_iter().zip(&rates) {
            calls += put(&running, work, seconds, Some(*rate))?.0;
        }
        std::thread::sleep(SETTLE);
        let pid = running.process.as_ref().context("Keyward has a process")?.id();
        let (resident, files) = (procfs::memory(pid)?.resident as f64, procfs::open_files(pid)? as f64);
        eprintln!("minute {number}: {calls} calls, {:.1} MB, {files} open files", resident / 1e6);
        minutes.push(Minute { calls, resident, files });
    }
    running.end()?;
    write(options, &minutes)
}

/// Calls that ended well, and how many a second.
fn put(running: &Running, work: Work, seconds: f64, rate: Option<f64>) -> Result<(u64, f64)> {
    let Running { address: target, key, .. } = running;
    let report = Alone { target: *target, key, work, warm_up: 0.0, seconds, rate, watch: None }.run()?;
    ensure!(report.errors == 0, "{} calls failed, first: {}", report.errors, report.first_error.unwrap_or_default());
    Ok((report.calls, report.rate))
}

fn write(options: &Options, minutes: &[Minute]) -> Result<()> {
    let third = minutes.len() / 3;
    let (first, last) = (minutes.get(..third), minutes.get(minutes.len() - third..));
    let (first, last) = first.zip(last).context("there are three thirds")?;
    let median =
        |part: &[Minute], of: fn(&Minute) -> f64| stats::median(part.iter().map(of)).context("a third has minutes");
    let resident = [median(first, |minute| minute.resident)?, median(last, |minute| minute.resident)?];
    let files = [median(first, |minute| minute.files)?, median(last, |minute| minute.files)?];
    let calls: u64 = minutes.iter().map(|minute| minute.calls).sum();
    let mut text = format!(
        "# {} minutes at half load\n\n{}. {calls} calls and streams, none failed.\n\n\
         | after each minute, connections closed | first third | last third |\n|---|--:|--:|\n",
        minutes.len(),
        procfs::machine()
    );
    writeln!(text, "| resident memory, MB | {:.1} | {:.1} |", resident[0] / 1e6, resident[1] / 1e6)?;
    writeln!(text, "| open files | {} | {} |", files[0], files[1])?;
    println!("{text}");
    std::fs::create_dir_all(&options.out)?;
    std::fs::write(options.out.join("soak.md"), &text)?;
    ensure!(resident[1] <= resident[0] + MORE_BYTES, "memory grows");
    ensure!(files[1] <= files[0] + MORE_FILES, "open files pile up");
    Ok(())
}
