//! The whole comparison: starts everything, lets the targets take turns, and
//! ends everything. A ratio is made within one round, so what else happens on
//! the machine meets all targets alike.

use crate::keyward::{Installation, Serving};
use crate::load::Report;
use crate::process::{Process, find_program, free_address, pin_self, pinned};
use crate::results::{KeywardResults, Measure, Results, Run, Target, TargetResults};
use crate::script::Work;
use crate::{http1, nginx, procfs, starts};
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How the comparison is to be done.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keyward's release binary.
    #[arg(long, default_value = "target/release/keyward")]
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

/// How long each run of the load is measured, in seconds.
struct Timing {
    rounds: u32,
    warm_up: f64,
    call: f64,
    burst: f64,
    paced: f64,
    half: f64,
}

const FULL: Timing = Timing {
    rounds: 3,
    warm_up: 0.5,
    call: 3.0,
    burst: 3.0,
    paced: 5.0,
    half: 2.5,
};
const QUICK: Timing = Timing {
    rounds: 3,
    warm_up: 0.25,
    call: 0.8,
    burst: 0.8,
    paced: 1.5,
    half: 0.6,
};

/// The API key that all but Keyward are called with.
const KEY: &str = "sk-project-0000000000000000000000000000000000000000000benchAA";

/// A target that is up.
struct Running {
    address: SocketAddr,
    key: String,
    /// Without for direct calls: there is no gateway to measure.
    process: Option<Process>,
    results: TargetResults,
}

/// Everything that is up, and what has come out so far.
struct Bench<'a> {
    options: &'a Options,
    timing: &'a Timing,
    folder: &'a Path,
    provider: SocketAddr,
    problems: Vec<String>,
}

/// Runs the comparison, writes the tables, and fails if anything went wrong.
pub fn run(options: &Options) -> Result<()> {
    check_tools(options)?;
    let machine = procfs::machine();
    let timing = if options.quick { &QUICK } else { &FULL };
    pin_self(options.load_core)?;
    let folder = tempfile::tempdir()?;
    let provider = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    let mut process = Process::start(
        "provider",
        command.args(["provider", "--listen", &provider.to_string()]),
        folder.path(),
    )?;
    process.wait_until_ready(provider, "/v1/models", Duration::from_secs(10))?;
    let mut bench = Bench {
        options,
        timing,
        folder: folder.path(),
        provider,
        problems: Vec::new(),
    };

    let mut targets = Vec::new();
    for target in Target::ALL
        .into_iter()
        .filter(|target| !options.without.contains(target))
    {
        eprintln!("starting {}", target.title());
        targets.push(bench.start(target)?);
    }
    for round in 0..timing.rounds {
        bench.round(round, &mut targets)?;
    }
    for target in &mut targets {
        target.results.loaded = target.memory()?;
    }
    let targets = targets
        .into_iter()
        .map(Running::end)
        .collect::<Result<Vec<_>>>()?;
    let keyward = (!options.without.contains(&Target::Keyward)).then(|| bench.keyward_alone());
    let results = Results {
        machine,
        nginx: nginx::version(),
        settings: bench.settings(),
        targets,
        keyward,
        problems: bench.problems,
    };
    write(options, &results)
}

fn check_tools(options: &Options) -> Result<()> {
    let with = |target| !options.without.contains(&target);
    let needed = [
        ("taskset", "util-linux", true),
        ("nginx", "nginx-light", with(Target::Nginx)),
        ("sqlite3", "sqlite3", with(Target::Keyward)),
    ];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(name, _, need)| *need && find_program(name).is_none())
        .map(|(_, package, _)| *package)
        .collect();
    ensure!(
        missing.is_empty(),
        "the bench needs more: apt-get install {}",
        missing.join(" ")
    );
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
    std::fs::write(
        options.out.join("latest.json"),
        serde_json::to_string_pretty(results)?,
    )?;
    ensure!(
        results.problems.is_empty(),
        "{} problems, see above",
        results.problems.len()
    );
    Ok(())
}

impl Bench<'_> {
    fn start(&self, target: Target) -> Result<Running> {
        let core = self.options.gateway_core;
        let mut running = match target {
            Target::Direct => Running::new(target, self.provider, KEY, None),
            Target::Nginx => {
                let address = free_address()?;
                Running::new(
                    target,
                    address,
                    KEY,
                    Some(nginx::start(address, self.provider, core, self.folder)?),
                )
            }
            Target::Yardstick => {
                let address = free_address()?;
                let mut command = pinned(core, &std::env::current_exe()?);
                command.args(["yardstick", "--listen", &address.to_string()]);
                command.args(["--provider", &self.provider.to_string(), "--key", KEY]);
                Running::new(
                    target,
                    address,
                    KEY,
                    Some(Process::start("yardstick", &mut command, self.folder)?),
                )
            }
            Target::Keyward => {
                let installation = self.install("measured")?;
                let mut serving = installation.serve()?;
                serving.wait_until_ready()?;
                let key = installation.create_key(&serving, self.provider)?;
                let Serving { process, address } = serving;
                Running::new(target, address, &key, Some(process))
            }
        };
        running.first_call()?;
        // What a start leaves to be done in the background is no idle state.
        std::thread::sleep(Duration::from_secs(1));
        running.results.idle = running.memory()?;
        Ok(running)
    }

    fn install(&self, name: &str) -> Result<Installation> {
        Installation::create(
            &self.options.keyward,
            self.options.gateway_core,
            &self.folder.join(name),
        )
    }

    fn round(&mut self, round: u32, targets: &mut [Running]) -> Result<()> {
        for (measure, work, seconds) in [
            (Measure::Call, Work::Call, self.timing.call),
            (Measure::Burst, Work::Burst, self.timing.burst),
            (Measure::Paced, Work::Paced, self.timing.paced),
        ] {
            eprintln!(
                "round {} of {}: {}",
                round + 1,
                self.timing.rounds,
                work.name()
            );
            for target in &mut *targets {
                if let Some(report) = self.load(target, target.address, work, seconds, None)? {
                    target.results.runs.push(Run {
                        round,
                        measure,
                        report,
                    });
                }
            }
        }
        eprintln!("round {} of {}: half load", round + 1, self.timing.rounds);
        for target in &mut *targets {
            let call = target
                .results
                .runs
                .iter()
                .find(|run| run.round == round && run.measure == Measure::Call);
            let Some(rate) = call.map(|run| run.report.rate() / 2.0) else {
                continue;
            };
            for (measure, address) in [
                (Measure::Half, target.address),
                (Measure::HalfDirect, self.provider),
            ] {
                if let Some(report) =
                    self.load(target, address, Work::Call, self.timing.half, Some(rate))?
                {
                    target.results.runs.push(Run {
                        round,
                        measure,
                        report,
                    });
                }
            }
        }
        Ok(())
    }

    /// One run of the load, in a process of its own. What fails is a problem
    /// of the whole bench, but the others are still measured.
    fn load(
        &mut self,
        target: &Running,
        address: SocketAddr,
        work: Work,
        seconds: f64,
        rate: Option<f64>,
    ) -> Result<Option<Report>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            "load",
            "--target",
            &address.to_string(),
            "--key",
            &target.key,
            "--work",
            work.name(),
        ]);
        command.args([
            "--warm-up",
            &self.timing.warm_up.to_string(),
            "--seconds",
            &seconds.to_string(),
        ]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.to_string()]);
        }
        if let Some(process) = &target.process {
            command.args(["--watch", &process.id().to_string()]);
        }
        let name = format!("{}, {}", target.results.target.title(), work.name());
        let output = command.output()?;
        let Ok(report) = serde_json::from_slice::<Report>(&output.stdout) else {
            self.problems.push(format!(
                "{name}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
            return Ok(None);
        };
        if let Some(error) = &report.first_error {
            self.problems.push(format!(
                "{name}: {} of {} calls failed, the first with: {error}",
                report.errors,
                report.calls + report.errors
            ));
        }
        Ok(Some(report))
    }

    fn keyward_alone(&mut self) -> KeywardResults {
        let mut results = KeywardResults::default();
        let keys: &[u64] = if self.options.quick {
            &[100_000]
        } else {
            &[100_000, 1_000_000]
        };
        let program_bytes = std::fs::metadata(&self.options.keyward).map(|metadata| metadata.len());
        results.program_bytes = program_bytes.ok();
        let outcome = self.install("starts").and_then(|installation| {
            starts::measure(&installation, self.provider, keys, &mut results)
        });
        if let Err(error) = outcome {
            self.problems.push(format!("Keyward's starts: {error:#}"));
        }
        results
    }

    fn settings(&self) -> String {
        let Timing {
            rounds,
            call,
            burst,
            paced,
            half,
            ..
        } = self.timing;
        format!(
            "Median of {rounds} interleaved rounds; measured {call} s of calls, {burst} s of burst streams, {paced} s of paced \
             streams and {half} s at half load, each. Gateway on processor {}, load and provider on {}; 32 connections, \
             600-byte request, 700-byte answer, 23 frames a stream; nginx with one worker and proxy_buffering off.",
            self.options.gateway_core, self.options.load_core
        )
    }
}

impl Running {
    fn new(target: Target, address: SocketAddr, key: &str, process: Option<Process>) -> Self {
        let results = TargetResults {
            target,
            runs: Vec::new(),
            idle: None,
            loaded: None,
        };
        Self {
            address,
            key: key.to_owned(),
            process,
            results,
        }
    }

    /// Waits until a call gets through, for at most 10 s.
    fn first_call(&mut self) -> Result<()> {
        let body = crate::script::request_body(Work::Call);
        let call = || {
            let answer = http1::ask(
                self.address,
                "POST",
                "/v1/chat/completions",
                &self.key,
                &body,
                Duration::from_secs(5),
            )?;
            ensure!(
                answer.0 == 200,
                "status {}: {}",
                answer.0,
                String::from_utf8_lossy(&answer.1)
            );
            Ok(())
        };
        let mut outcome = call();
        for _ in 0..100 {
            if outcome.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            outcome = call();
        }
        outcome.with_context(|| format!("the first call through {}", self.results.target.title()))
    }

    fn memory(&self) -> Result<Option<procfs::Memory>> {
        self.process
            .as_ref()
            .map(|process| procfs::memory(process.id()))
            .transpose()
    }

    fn end(mut self) -> Result<TargetResults> {
        if let Some(process) = &mut self.process {
            process.stop()?;
        }
        Ok(self.results)
    }
}
