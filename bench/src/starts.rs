//! How long Keyward takes to start: empty, and with many API keys, and what a
//! key costs in memory.

use crate::keyward::Installation;
use crate::results::{KeywardResults, StartWithKeys};
use crate::targets::{self, SETTLE};
use crate::{fill, procfs, stats};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::Duration;

/// How often a start without keys is repeated.
const COLD_STARTS: usize = 5;

/// Measures starts with each number of `keys`, ascending, and notes in
/// `results` what it has, also when it fails later.
pub fn measure(
    installation: &Installation,
    provider: SocketAddr,
    keys: &[u64],
    results: &mut KeywardResults,
) -> Result<()> {
    // The first start makes the schema; it isn't the one that counts.
    let mut serving = installation.serve()?;
    serving.wait_until_ready()?;
    let key = installation.create_key(&serving, provider)?;
    serving.process.stop()?;

    eprintln!("cold starts");
    let mut times = Vec::new();
    for _ in 0..COLD_STARTS {
        let mut serving = installation.serve()?;
        times.push(millis(serving.wait_until_alive()?));
        serving.process.stop()?;
    }
    results.cold_start_ms = stats::median(times);

    let (_, with_one) = start(installation, &key)?;
    for total in keys.iter().copied() {
        eprintln!("start with {total} keys");
        fill::fill(&installation.data_dir(), total)?;
        let (ready, memory) = start(installation, &key)?;
        let bytes_per_key = (memory as f64 - with_one as f64) / total as f64;
        results.starts.push(StartWithKeys { keys: total, ready_ms: millis(ready), bytes_per_key });
    }
    Ok(())
}

/// Time until ready and resident bytes of one start, which then must let a
/// real key through.
fn start(installation: &Installation, key: &str) -> Result<(Duration, u64)> {
    let mut serving = installation.serve()?;
    let ready = serving.wait_until_ready()?;
    std::thread::sleep(SETTLE);
    let memory = procfs::memory(serving.process.id())?.resident;
    targets::call(serving.address, key).context("a real key among the others")?;
    serving.process.stop()?;
    Ok((ready, memory))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
