//! `keyward serve`: serves until SIGTERM or SIGINT, then drains.

use std::{io::Write, net::SocketAddr, sync::Arc};

use anyhow::Result;
use keyward_service::setup;
use keyward_telemetry::list_prices::ListPrices;
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{config::Settings, demo, machine, server::Server, system::SystemClock};

/// "File size limit exceeded", for which tokio has no name.
const SIGXFSZ: i32 = 25;

/// What to serve beyond the settings.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Add a demo organization, project and API key with the built-in offline
    /// provider, and print calls that work.
    #[arg(long)]
    demo: bool,
}

/// Runs the command.
pub fn run(settings: &Settings, args: &ServeArgs, out: &mut dyn Write) -> Result<()> {
    // Before anything is opened that counts.
    let files = machine::raise_open_files();
    tracing::debug!(files, "open files allowed");
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("keyward-control").enable_all().build()?;
    runtime.block_on(async {
        // Before anything starts, so that no signal is missed.
        let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        // A file that may grow no longer (`ulimit -f`) is a full disk, which is dealt
        // with where the file is written, and no reason to die.
        let _too_large = signal(SignalKind::from_raw(SIGXFSZ))?;
        // Without a certificate SIGHUP means what it means to everybody: the terminal is gone.
        let mut asked = settings.tls.is_some().then(|| signal(SignalKind::hangup())).transpose()?;
        let server = Server::start(settings, Arc::new(SystemClock)).await?;
        // Read now rather than by the first call that is priced.
        let price_lists = tokio::task::spawn_blocking(ListPrices::warm_up);
        let greeted = greet(out, &server, args.demo).await;
        if greeted.is_ok() {
            loop {
                tokio::select! {
                    _ = terminated.recv() => break,
                    _ = interrupted.recv() => break,
                    () = next(asked.as_mut()) => server.reload(),
                }
            }
            tracing::info!(seconds = settings.drain_timeout, "stopping: calls in flight may finish");
        }
        price_lists.await?;
        server.stop().await?;
        tracing::info!("stopped");
        greeted
    })
}

/// The next signal of a kind that may not be listened for.
async fn next(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Tells the person at the terminal where Keyward is and what to do next.
async fn greet(out: &mut dyn Write, server: &Server, wants_demo: bool) -> Result<()> {
    let address: SocketAddr = server.address();
    tracing::info!(%address, "serving");
    writeln!(out, "Keyward is serving at {}", server.url())?;
    // Where any free port was asked for, only the socket knows which it is.
    let console = match server.keyward.public_url() {
        url if url.ends_with(":0") => server.url(),
        url => url.to_owned(),
    };
    writeln!(out, "Its console for people is at {console}/")?;
    if wants_demo {
        demo::prepare(&server.keyward).await?.print(out, &server.url())?;
    } else if let Some(link) = setup::new_link(&server.keyward).await? {
        // To the terminal only: whoever reads a log isn't meant to own this.
        let program = std::env::args_os().next().unwrap_or_else(|| "keyward".into());
        writeln!(
            out,
            "\nThere is no organization yet. Make one, and become its owner, with this link (it works once):\n  {}\nor without a browser: {} init --organization \"My company\" --email you@example.com --password-stdin",
            link.expose(),
            program.display(),
        )?;
    }
    Ok(out.flush()?)
}
