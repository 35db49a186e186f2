//! What one run of the bench has measured, as it goes into the JSON file. No
//! rules and no layout here.

use crate::load::Report;
use crate::procfs::Memory;
use crate::stats::median;
use clap::ValueEnum;
use serde::Serialize;

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The load talks to the provider itself.
    Direct,
    /// nginx as a plain reverse proxy.
    Nginx,
    /// The bare hyper gateway.
    Yardstick,
    /// Hyper's server, Keyward's client, nothing between.
    Floor,
    /// Keyward with everything on.
    Keyward,
}

impl Target {
    /// All targets, in the order in which they take turns.
    pub const ALL: [Self; 5] = [Self::Direct, Self::Nginx, Self::Yardstick, Self::Floor, Self::Keyward];

    /// How the tables call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx, plain reverse proxy",
            Self::Yardstick => "hyper yardstick",
            Self::Floor => "floor",
            Self::Keyward => "Keyward",
        }
    }
}

/// What a run measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Closed loop, whole calls.
    Call,
    /// Closed loop, burst streams.
    Burst,
    /// Closed loop, paced streams.
    Paced,
    /// Open loop, whole calls at half of what this target managed.
    Half,
    /// The same rate straight to the provider, right after.
    HalfDirect,
}

/// One run of the load.
#[derive(Debug, Serialize)]
pub struct Run {
    /// From 0.
    pub round: u32,
    /// What was measured.
    pub measure: Measure,
    /// What came out.
    pub report: Report,
}

/// All runs against one target.
#[derive(Debug, Serialize)]
pub struct TargetResults {
    /// Who answered.
    pub target: Target,
    /// In the order in which they happened.
    pub runs: Vec<Run>,
    /// Before any call.
    pub idle: Option<Memory>,
    /// After all rounds.
    pub loaded: Option<Memory>,
}

/// Start with a number of API keys.
#[derive(Debug, Serialize)]
pub struct StartWithKeys {
    /// API keys in the database.
    pub keys: u64,
    /// From the start to the first 200 of `/readyz`.
    pub ready_ms: f64,
    /// Resident memory per key beyond that with one key, in bytes.
    pub bytes_per_key: f64,
}

/// What only Keyward is asked for.
#[derive(Debug, Default, Serialize)]
pub struct KeywardResults {
    /// From the start to the first 200 of `/healthz`; median of several.
    pub cold_start_ms: Option<f64>,
    /// Size of the program.
    pub program_bytes: Option<u64>,
    /// Starts with many keys.
    pub starts: Vec<StartWithKeys>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The machine, and how busy it was.
    pub machine: String,
    /// What nginx says that it is.
    pub nginx: Option<String>,
    /// Rounds, seconds and processors.
    pub settings: String,
    /// One for each target that took part.
    pub targets: Vec<TargetResults>,
    /// Only with Keyward.
    pub keyward: Option<KeywardResults>,
    /// Whatever went wrong; any makes the bench fail.
    pub problems: Vec<String>,
}

impl Results {
    /// The results of a target that took part.
    pub fn of(&self, target: Target) -> Option<&TargetResults> {
        self.targets.iter().find(|results| results.target == target)
    }

    /// Median over the rounds of `value` divided by nginx's of the same round.
    pub fn ratio(&self, target: Target, measure: Measure, value: impl Fn(&Report) -> Option<f64>) -> Option<f64> {
        let (ours, nginx) = (self.of(target)?, self.of(Target::Nginx)?);
        median(ours.of(measure).filter_map(|run| {
            let other = nginx.of(measure).find(|other| other.round == run.round)?;
            Some(value(&run.report)? / value(&other.report)?)
        }))
    }
}

impl TargetResults {
    /// Median over the rounds of `value`.
    pub fn median(&self, measure: Measure, value: impl Fn(&Report) -> Option<f64>) -> Option<f64> {
        median(self.of(measure).filter_map(|run| value(&run.report)))
    }

    /// Median over the rounds of what this target adds to the p99 of a call at
    /// half load, in microseconds.
    pub fn p99_added_us(&self) -> Option<f64> {
        median(self.of(Measure::Half).filter_map(|run| {
            let direct = self.of(Measure::HalfDirect).find(|direct| direct.round == run.round)?;
            Some(run.report.p99_us? - direct.report.p99_us?)
        }))
    }

    fn of(&self, measure: Measure) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.measure == measure)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Results of nginx and Keyward with these processor times per call and
    /// these p99, one for each round.
    pub fn sample(nginx: &[f64], keyward: &[f64]) -> Results {
        let runs = |values: &[f64]| {
            let run = |round: usize, measure, value| {
                let (cpu_us, p99_us) = (Some(value), Some(value * 10.0));
                let report = Report {
                    calls: 1000,
                    errors: 0,
                    first_error: None,
                    seconds: 2.0,
                    rate: 500.0,
                    cpu_us,
                    p50_us: p99_us,
                    p99_us,
                };
                Run { round: round as u32, measure, report }
            };
            let rounds = values.iter().enumerate();
            rounds
                .flat_map(|(round, value)| {
                    let halves = [run(round, Measure::Half, *value), run(round, Measure::HalfDirect, 5.0)];
                    [Measure::Call, Measure::Burst, Measure::Paced]
                        .map(|m| run(round, m, *value))
                        .into_iter()
                        .chain(halves)
                })
                .collect()
        };
        let memory = Some(Memory { resident: 30 << 20, peak: 50 << 20 });
        let of = |target, values| TargetResults { target, runs: runs(values), idle: memory, loaded: memory };
        Results {
            machine: "2 × test".to_owned(),
            nginx: None,
            settings: String::new(),
            targets: vec![of(Target::Nginx, nginx), of(Target::Keyward, keyward)],
            keyward: None,
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own_ratios() {
        // Round 2 was disturbed for both: each round is compared with itself.
        let results = sample(&[10.0, 40.0, 10.0], &[12.0, 44.0, 13.0]);
        let ratio = |target| results.ratio(target, Measure::Call, |report| report.cpu_us);
        assert_eq!(ratio(Target::Keyward), Some(1.2));
        assert_eq!(ratio(Target::Nginx), Some(1.0));
        assert_eq!(ratio(Target::Direct), None);
    }

    #[test]
    fn what_is_added_is_compared_with_direct_at_the_same_rate() {
        let results = sample(&[10.0], &[12.0]);
        assert_eq!(results.of(Target::Keyward).and_then(TargetResults::p99_added_us), Some(70.0));
    }
}
