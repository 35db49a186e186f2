//! The rounds: each kind of load meets one target after the other, and then
//! all of it again. A ratio is made within one round, so what else happens on
//! the machine meets all targets alike.

use crate::load::Alone;
use crate::process::Process;
use crate::results::{Measure, Run, Target};
use crate::script::Work;
use crate::targets::Running;
use anyhow::Result;
use std::net::SocketAddr;

/// How long each run of the load is measured, in seconds.
#[derive(Debug)]
pub struct Timing {
    /// How often everything is repeated.
    pub rounds: u32,
    warm_up: f64,
    call: f64,
    burst: f64,
    paced: f64,
    half: f64,
}

/// What numbers are worth quoting from.
pub const FULL: Timing = Timing { rounds: 3, warm_up: 0.5, call: 3.0, burst: 3.0, paced: 5.0, half: 2.5 };
/// A first look.
pub const QUICK: Timing = Timing { rounds: 3, warm_up: 0.25, call: 0.6, burst: 0.6, paced: 1.2, half: 0.5 };

impl Timing {
    /// One sentence for the reader of the tables.
    pub fn sentence(&self) -> String {
        let Self { rounds, call, burst, paced, half, .. } = self;
        format!(
            "Median of {rounds} interleaved rounds, in each {call} s of calls, {burst} s of burst streams, \
             {paced} s of paced streams and {half} s at half load."
        )
    }
}

/// Runs all rounds. What goes wrong is a problem of the whole bench, noted in
/// `problems`, but the rest is still measured.
pub fn run(timing: &Timing, provider: SocketAddr, targets: &mut [Running], problems: &mut Vec<String>) -> Result<()> {
    for round in 0..timing.rounds {
        for (measure, work, seconds) in [
            (Measure::Call, Work::Call, timing.call),
            (Measure::Burst, Work::Burst, timing.burst),
            (Measure::Paced, Work::Paced, timing.paced),
        ] {
            eprintln!("round {} of {}: {}", round + 1, timing.rounds, work.name());
            for target in &mut *targets {
                let load = Load { address: target.address, work, seconds, rate: None };
                load.run(timing, round, measure, target, problems)?;
            }
        }
        eprintln!("round {} of {}: half load", round + 1, timing.rounds);
        for target in &mut *targets {
            at_half_load(timing, round, provider, target, problems)?;
        }
    }
    Ok(())
}

fn at_half_load(
    timing: &Timing,
    round: u32,
    provider: SocketAddr,
    target: &mut Running,
    problems: &mut Vec<String>,
) -> Result<()> {
    let mut runs = target.results.runs.iter();
    let call = runs.find(|run| run.round == round && run.measure == Measure::Call);
    let Some(rate) = call.map(|run| run.report.rate / 2.0) else {
        return Ok(());
    };
    let load = Load { address: target.address, work: Work::Call, seconds: timing.half, rate: Some(rate) };
    load.run(timing, round, Measure::Half, target, problems)?;
    if target.results.target != Target::Direct {
        let load = Load { address: provider, ..load };
        load.run(timing, round, Measure::HalfDirect, target, problems)?;
    }
    Ok(())
}

/// One run of the load.
#[derive(Clone, Copy, Debug)]
struct Load {
    address: SocketAddr,
    work: Work,
    seconds: f64,
    rate: Option<f64>,
}

impl Load {
    fn run(
        self,
        timing: &Timing,
        round: u32,
        measure: Measure,
        target: &mut Running,
        problems: &mut Vec<String>,
    ) -> Result<()> {
        let alone = Alone {
            target: self.address,
            key: &target.key,
            work: self.work,
            warm_up: timing.warm_up,
            seconds: self.seconds,
            rate: self.rate,
            watch: target.process.as_ref().map(Process::id),
        };
        let name = format!("{}, {measure:?} in round {}", target.results.target.title(), round + 1);
        let report = match alone.run() {
            Ok(report) => report,
            Err(error) => {
                problems.push(format!("{name}: {error}"));
                return Ok(());
            }
        };
        if let Some(error) = &report.first_error {
            let all = report.errors + report.calls;
            problems.push(format!("{name}: {} of {all} calls failed, first: {error}", report.errors));
        }
        target.results.runs.push(Run { round, measure, report });
        Ok(())
    }
}
