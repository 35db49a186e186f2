//! When a connection sends its next request.
//!
//! - Closed loop: as soon as it has the answer to the last one. Shows how much
//!   goes through and what a call costs.
//! - Open loop: at a fixed rate, whatever comes back. Shows latency: a target
//!   that falls behind can't slow the load down and so hide it.

use anyhow::{Result, ensure};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often due requests are handed out. tokio's timer is as coarse as 1 ms,
/// and that many requests at once would measure a queue that the load itself
/// has made: a thread that sleeps is finer.
const TICK: Duration = Duration::from_micros(100);

/// Shared by all connections of a run.
#[derive(Clone, Debug)]
pub enum Pace {
    /// Until this moment.
    Closed(Instant),
    /// Requests that are due, until there are no more.
    Open(Rc<Mutex<UnboundedReceiver<Instant>>>),
}

impl Pace {
    /// Waits until a request is due and answers since when, or `None` at the
    /// end. That may be in the past if all connections were busy.
    pub async fn next(&self) -> Option<Instant> {
        match self {
            Self::Closed(stop) => Some(Instant::now()).filter(|now| now < stop),
            Self::Open(due) => due.lock().await.recv().await,
        }
    }

    /// An open loop of `rate` requests per second until `stop`, and the thread
    /// that keeps its time. Bounded by the time it runs for.
    pub fn open(rate: f64, start: Instant, stop: Instant) -> Result<(Self, JoinHandle<()>)> {
        ensure!(rate.is_finite() && rate >= 1.0, "a rate of {rate} calls per second");
        let (sender, receiver) = unbounded_channel();
        let thread = std::thread::Builder::new().spawn(move || hand_out(&sender, rate, start, stop))?;
        Ok((Self::Open(Rc::new(Mutex::new(receiver))), thread))
    }
}

fn hand_out(sender: &UnboundedSender<Instant>, rate: f64, start: Instant, stop: Instant) {
    let mut sent = 0;
    let mut now = start;
    while now < stop {
        // How late this thread wakes up is the load's matter, not the target's:
        // what has become due since the last time is due now.
        while sent < due(now - start, rate) {
            sent += 1;
            if sender.send(now).is_err() {
                return;
            }
        }
        std::thread::sleep(TICK);
        now = Instant::now();
    }
}

/// Requests that are due after `passed`.
fn due(passed: Duration, rate: f64) -> u64 {
    (passed.as_secs_f64() * rate) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_requests_are_due_as_the_rate_says() {
        assert_eq!(due(Duration::ZERO, 1000.0), 0);
        assert_eq!(due(Duration::from_micros(999), 1000.0), 0);
        assert_eq!(due(Duration::from_millis(1), 1000.0), 1);
        assert_eq!(due(Duration::from_secs(3), 12_345.5), 37_036);
    }

    #[tokio::test]
    async fn an_open_loop_hands_out_every_request_and_ends() -> Result<()> {
        let start = Instant::now();
        let (pace, thread) = Pace::open(5000.0, start, start + Duration::from_millis(50))?;
        let mut count = 0;
        while let Some(since) = pace.next().await {
            assert!(since >= start);
            count += 1;
        }
        assert!((1..=250).contains(&count), "{count} requests");
        assert!(thread.join().is_ok());
        Ok(())
    }

    #[tokio::test]
    async fn a_closed_loop_ends_at_its_time() {
        let now = Instant::now();
        assert!(Pace::Closed(now + Duration::from_secs(60)).next().await.is_some());
        assert!(Pace::Closed(now).next().await.is_none());
    }
}
