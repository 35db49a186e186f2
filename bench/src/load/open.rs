//! The open loop: requests at fixed times, whatever comes back.
//!
//! Threads that sleep and block, not tokio: its timer is as coarse as 1 ms,
//! and ten calls sent at once every millisecond would measure a queue that the
//! load itself has made. A call that had to wait for its connection counts
//! from when it was due, so a target that falls behind can't hide it.

use super::exchange::Script;
use super::{GRACE, Mark, Plan, Seen, Window};
use anyhow::{Context, Result, anyhow, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Runs `plan` at `rate` calls per second; see [`super::run`].
pub fn run(plan: &Plan, rate: f64) -> Result<(Seen, Window)> {
    ensure!(
        rate.is_finite() && rate >= 1.0,
        "a rate of {rate} calls per second"
    );
    let start = Instant::now();
    let between = Duration::from_secs_f64(1.0 / rate);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.connections)
            .map(|number| {
                scope.spawn(move || {
                    connection(plan, start + between * number, between * plan.connections)
                })
            })
            .collect();
        sleep_until(start + plan.warm_up);
        let from = Mark::now(plan.watch)?;
        sleep_until(start + plan.warm_up + plan.window);
        let window = from.until(Mark::now(plan.watch)?);
        let mut seen = Seen::default();
        for thread in threads {
            seen.join(
                thread
                    .join()
                    .map_err(|_| anyhow!("a thread of the load panicked"))??,
            );
        }
        Ok((seen, window))
    })
}

fn connection(plan: &Plan, first: Instant, every: Duration) -> Result<Seen> {
    let script = Script::new(plan);
    let stop = first + plan.warm_up + plan.window;
    let mut seen = Seen::default();
    let mut kept = None;
    let mut due = first;
    while due < stop {
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => connect(plan)?,
        };
        let late = Instant::now() >= due;
        sleep_until(due);
        // How late the thread wakes up is the load's matter, not the target's.
        let began = if late { due } else { Instant::now() };
        let outcome = call(&script, &mut stream);
        kept = matches!(outcome, Ok(Keep(true))).then_some(stream);
        if !seen.note(began, outcome.map(drop)) || Instant::now() > stop + GRACE {
            break;
        }
        due += every;
    }
    Ok(seen)
}

/// Whether the connection can be used again.
struct Keep(bool);

fn connect(plan: &Plan) -> Result<TcpStream> {
    let stream = TcpStream::connect(plan.target).context("can't connect to the target")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(GRACE))?;
    Ok(stream)
}

fn call(script: &Script, stream: &mut TcpStream) -> Result<Keep> {
    let mut buffer = [0; 8192];
    stream.write_all(script.request())?;
    let mut exchange = script.exchange();
    loop {
        let length = stream.read(&mut buffer)?;
        if exchange.feed(buffer.get(..length).unwrap_or_default())? {
            return Ok(Keep(!exchange.closes()));
        }
    }
}

fn sleep_until(time: Instant) {
    let left = time.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        std::thread::sleep(left);
    }
}
