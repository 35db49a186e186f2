//! The connections of a run, all on one thread, so that they take as little as
//! possible from the provider, which shares their processor.

use super::exchange::Script;
use super::pace::Pace;
use super::{GRACE, Mark, Plan, Seen, Window};
use anyhow::{Context, Result, anyhow};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

/// The load goes on for a little longer than it is measured: the timers that
/// end the measurement are late by a millisecond or two.
const TAIL: Duration = Duration::from_millis(20);

/// Runs `plan`; see [`super::run`].
pub fn run(plan: &Plan) -> Result<(Seen, Window)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, measure(plan))
}

async fn measure(plan: &Plan) -> Result<(Seen, Window)> {
    let start = Instant::now();
    let stop = start + plan.warm_up + plan.window + TAIL;
    let (pace, clock) = match plan.rate {
        None => (Pace::Closed(stop), None),
        Some(rate) => Pace::open(rate, start, stop).map(|(pace, clock)| (pace, Some(clock)))?,
    };
    let mut connections = JoinSet::new();
    for _ in 0..plan.connections {
        connections.spawn_local(connection(plan.clone(), pace.clone()));
    }
    drop(pace);
    tokio::time::sleep(plan.warm_up).await;
    let from = Mark::now(plan.watch)?;
    tokio::time::sleep(plan.window).await;
    let window = from.until(Mark::now(plan.watch)?);
    let mut seen = Seen::default();
    let collect = async {
        while let Some(one) = connections.join_next().await {
            seen.join(one??);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(GRACE, collect).await.context("the target hangs")??;
    clock.map_or(Ok(()), |clock| clock.join().map_err(|_| anyhow!("the load's clock panicked")))?;
    Ok((seen, window))
}

async fn connection(plan: Plan, pace: Pace) -> Result<Seen> {
    let script = Script::new(&plan);
    let mut seen = Seen::default();
    let mut kept = None;
    while let Some(since) = pace.next().await {
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => connect(&plan).await?,
        };
        let outcome = call(&script, &mut stream).await;
        kept = matches!(outcome, Ok(Keep(true))).then_some(stream);
        if !seen.note(since, outcome.map(drop)) {
            break;
        }
    }
    Ok(seen)
}

/// Whether the connection can be used again.
struct Keep(bool);

async fn connect(plan: &Plan) -> Result<TcpStream> {
    let stream = TcpStream::connect(plan.target).await.context("can't connect to the target")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn call(script: &Script, stream: &mut TcpStream) -> Result<Keep> {
    let mut buffer = [0; 8192];
    stream.write_all(script.request()).await?;
    let mut exchange = script.exchange();
    loop {
        let length = stream.read(&mut buffer).await?;
        if exchange.feed(buffer.get(..length).unwrap_or_default())? {
            return Ok(Keep(!exchange.closes()));
        }
    }
}
