//! A step of a run: a heading, the work, the time it took.

use std::time::Instant;

use anyhow::Context as _;

/// Does one step. An error names the step.
pub fn step<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    println!("\n=== {name}");
    let started = Instant::now();
    let outcome = work().with_context(|| format!("step \"{name}\""))?;
    println!("=== {name}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(outcome)
}
