//! The load generator. It is bounded: it works for a fixed time, stops by
//! itself, and gives up on a target that hangs or keeps failing.

mod alone;
mod connection;
mod exchange;
mod pace;

pub use alone::Alone;

use crate::procfs;
use crate::script::Work;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// After so many errors a connection gives up.
const MAX_ERRORS: u64 = 10;
/// How long after the end of the measured time the last answers may take.
const GRACE: Duration = Duration::from_secs(10);

/// What to put on which target.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to connect to.
    pub target: SocketAddr,
    /// The API key of every request.
    pub key: String,
    /// What is asked for.
    pub work: Work,
    /// Connections, all kept alive.
    pub connections: u32,
    /// Time before the measurement; what happens in it is discarded, but its
    /// errors count.
    pub warm_up: Duration,
    /// Measured time.
    pub window: Duration,
    /// Calls per second of an open loop; a closed loop without.
    pub rate: Option<f64>,
    /// The process whose processor time is measured, with its children.
    pub watch: Option<u32>,
}

/// What came out of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Calls (or streams) that ended well in the measured time.
    pub calls: u64,
    /// Everything else, warm-up included: a status other than 200, an answer
    /// of the wrong length, a stream without all its events and `[DONE]`.
    pub errors: u64,
    /// The first error's text.
    pub first_error: Option<String>,
    /// The time really measured, in seconds.
    pub seconds: f64,
    /// Calls per second. A call that began before the measured time or ended
    /// after it counts with its share inside: paced streams all end at once,
    /// and a whole batch of them more or less would be noise.
    pub rate: f64,
    /// Processor time per call of the watched process, in microseconds.
    pub cpu_us: Option<f64>,
    /// Half of the calls took no longer, in microseconds.
    pub p50_us: Option<f64>,
    /// 99 of 100 calls took no longer, in microseconds.
    pub p99_us: Option<f64>,
}

/// One call that ended well.
#[derive(Clone, Copy, Debug)]
struct Sample {
    ended: Instant,
    took: Duration,
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Seen {
    samples: Vec<Sample>,
    errors: u64,
    first_error: Option<String>,
}

impl Seen {
    /// Notes how a call ended; answers whether to go on.
    fn note(&mut self, began: Instant, outcome: Result<()>) -> bool {
        match outcome {
            Ok(()) => {
                let ended = Instant::now();
                self.samples.push(Sample { ended, took: ended - began });
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
        self.errors < MAX_ERRORS
    }

    fn join(&mut self, other: Self) {
        self.samples.extend(other.samples);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// The measured time, as it really was.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Instant,
    until: Instant,
    /// Processor time that the watched process used in between.
    used: Option<Duration>,
}

/// One end of the window: when it was and what had been used by then.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    used: Option<Duration>,
}

impl Mark {
    fn now(watch: Option<u32>) -> Result<Self> {
        let used = watch.map(procfs::processor_time).transpose()?;
        Ok(Self { at: Instant::now(), used })
    }

    fn until(self, end: Self) -> Window {
        let used = end.used.zip(self.used).map(|(end, start)| end.saturating_sub(start));
        Window { from: self.at, until: end.at, used }
    }
}

impl Window {
    /// How much of a call lies within, from 0 to 1.
    fn share_of(&self, sample: &Sample) -> f64 {
        let from = self.from.max(sample.ended - sample.took);
        let inside = self.until.min(sample.ended).saturating_duration_since(from);
        inside.as_secs_f64() / sample.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Runs `plan` to its end.
///
/// # Errors
/// When the target can't be connected to, hangs, or nothing ended well. Single
/// failed calls are in the report.
pub fn run(plan: &Plan) -> Result<Report> {
    let (seen, window) = connection::run(plan)?;
    let report = report(seen, window);
    ensure!(report.calls > 0 || report.errors > 0, "nothing came back in {} s", report.seconds);
    Ok(report)
}

fn report(seen: Seen, window: Window) -> Report {
    let inside = |sample: &&Sample| window.from < sample.ended && sample.ended <= window.until;
    let mut took: Vec<Duration> = seen.samples.iter().filter(inside).map(|sample| sample.took).collect();
    took.sort_unstable();
    let calls: f64 = seen.samples.iter().map(|sample| window.share_of(sample)).sum();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let slowest_of = |share| crate::stats::percentile(&took, share).map(micros);
    let seconds = (window.until - window.from).as_secs_f64();
    Report {
        calls: took.len() as u64,
        errors: seen.errors,
        first_error: seen.first_error,
        seconds,
        rate: calls / seconds,
        cpu_us: window.used.filter(|_| calls > 0.0).map(|used| micros(used) / calls),
        p50_us: slowest_of(0.50),
        p99_us: slowest_of(0.99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ended_in_the_measured_time_counts_but_every_error_does() {
        let from = Instant::now();
        let at = |ms| from + Duration::from_millis(ms);
        let sample = |ended, took| Sample { ended: at(ended), took: Duration::from_micros(took) };
        let mut seen = Seen { samples: vec![sample(0, 9), sample(1, 100), sample(2, 300)], ..Seen::default() };
        seen.join(Seen { samples: vec![sample(10, 200), sample(11, 9)], errors: 3, first_error: Some("x".into()) });
        let report = report(seen, Window { from, until: at(10), used: Some(Duration::from_micros(30)) });
        assert_eq!((report.calls, report.errors), (3, 3));
        assert_eq!(report.first_error.as_deref(), Some("x"));
        assert_eq!(report.rate.round(), 300.0);
        assert_eq!(report.cpu_us.map(f64::round), Some(10.0));
        assert_eq!(report.p50_us.map(f64::round), Some(200.0));
        assert_eq!(report.p99_us.map(f64::round), Some(300.0));
    }

    #[test]
    fn a_call_counts_with_its_share_in_the_measured_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let sample = |from, until| Sample { ended: at(until), took: at(until) - at(from) };
        let window = Window { from: at(100), until: at(200), used: Some(Duration::from_micros(3)) };
        for (sample, share) in [
            (sample(100, 200), 1.0),
            (sample(120, 130), 1.0),
            (sample(50, 150), 0.5),
            (sample(190, 230), 0.25),
            (sample(0, 400), 0.25),
            (sample(0, 100), 0.0),
            (sample(200, 201), 0.0),
        ] {
            assert!((window.share_of(&sample) - share).abs() < 1e-9, "{sample:?}");
        }
        let samples = vec![sample(50, 150), sample(150, 250), sample(60, 160), sample(190, 290)];
        let report = report(Seen { samples, ..Seen::default() }, window);
        assert_eq!((report.calls, report.rate.round()), (2, 17.0));
    }
}
