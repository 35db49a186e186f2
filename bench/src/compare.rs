//! The whole comparison: starts everything, has it measured, writes
//! the tables and ends everything.

use crate::process::{find_program, pin_self};
use crate::results::{KeywardResults, Results, Target};
use crate::rounds::{self, Timing};
use crate::targets::{IDLE, Place, Running};
use crate::{nginx, procfs, starts};
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// How the comparison is to be done.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keyward's program, built as it is shipped.
    #[arg(long, default_value = "target/dist/keyward")]
    keyward: PathBuf,
    /// Leave these out.
    #[arg(long, value_delimiter = ',')]
    without: Vec<Target>,
    /// Measure for a short time only (at most 90 s): rough numbers.
    #[arg(long)]
    quick: bool,
    /// The processor of the gateway under measurement.
    #[arg(long, default_value_t = 0)]
    gateway_core: usize,
    /// The processor of load and provider.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Where `latest.md` and `latest.json` go.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Runs the comparison, writes the tables, and fails if anything went wrong.
pub fn run(options: &Options) -> Result<()> {
    check_tools(options)?;
    let machine = procfs::machine();
    let timing = if options.quick { rounds::QUICK } else { rounds::FULL };
    pin_self(options.load_core)?;
    let folder = tempfile::tempdir()?;
    let (place, _provider) = Place::new(&options.keyward, options.gateway_core, folder.path())?;

    let mut problems = Vec::new();
    let mut targets = Vec::new();
    for target in Target::ALL.into_iter().filter(|target| options.with(*target)) {
        eprintln!("starting {}", target.title());
        targets.push(place.start(target)?);
    }
    std::thread::sleep(IDLE);
    for target in &mut targets {
        target.results.idle = target.memory()?;
    }
    rounds::run(&timing, place.provider, &mut targets, &mut problems)?;
    for target in &mut targets {
        target.results.loaded = target.memory()?;
    }
    let targets = targets.into_iter().map(Running::end).collect::<Result<Vec<_>>>()?;
    let keyward = options.with(Target::Keyward).then(|| keyward_alone(options, &place, &mut problems));
    let settings = options.sentence(&timing);
    write(options, &Results { machine, nginx: nginx::version(), settings, targets, keyward, problems })
}

impl Options {
    fn with(&self, target: Target) -> bool {
        !self.without.contains(&target)
    }

    fn sentence(&self, timing: &Timing) -> String {
        format!(
            "{} Gateway on processor {}, load and provider on {}; 32 connections, 600-byte request, 700-byte answer, \
             23 frames a stream; nginx with one worker and proxy_buffering off. Processor time is user and system \
             time of the gateway's process.",
            timing.sentence(),
            self.gateway_core,
            self.load_core
        )
    }
}

fn keyward_alone(options: &Options, place: &Place, problems: &mut Vec<String>) -> KeywardResults {
    let keys: &[u64] = if options.quick { &[100_000] } else { &[100_000, 1_000_000] };
    let program_bytes = std::fs::metadata(&options.keyward).ok().map(|metadata| metadata.len());
    let mut results = KeywardResults { program_bytes, ..KeywardResults::default() };
    let outcome = place
        .install_keyward("starts")
        .and_then(|installation| starts::measure(&installation, place.provider, keys, &mut results));
    if let Err(error) = outcome {
        problems.push(format!("Keyward's starts: {error:#}"));
    }
    results
}

fn check_tools(options: &Options) -> Result<()> {
    let needed = [
        ("taskset", "util-linux", true),
        ("nginx", "nginx-light", options.with(Target::Nginx)),
        ("sqlite3", "sqlite3", options.with(Target::Keyward)),
    ];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(name, _, need)| *need && find_program(name).is_none())
        .map(|(_, package, _)| *package)
        .collect();
    ensure!(missing.is_empty(), "the bench needs more: apt-get install {}", missing.join(" "));
    ensure!(
        options.gateway_core.max(options.load_core) < procfs::cores(),
        "this machine has {} processors: choose with --gateway-core and --load-core",
        procfs::cores()
    );
    Ok(())
}

fn write(options: &Options, results: &Results) -> Result<()> {
    let text = crate::report::markdown(results);
    println!("{text}");
    std::fs::create_dir_all(&options.out)?;
    std::fs::write(options.out.join("latest.md"), &text)?;
    std::fs::write(options.out.join("latest.json"), serde_json::to_string_pretty(results)?)?;
    ensure!(results.problems.is_empty(), "{} problems, see above", results.problems.len());
    Ok(())
}
