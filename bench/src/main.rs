//! Keyward's bench: what a call through Keyward costs beside nginx, a bare
//! hyper gateway and no gateway at all, side by side in one run.
//!
//! `all` does everything; the other commands are its parts, each a process of
//! its own so that it can have a processor of its own. It measures from the
//! outside, through public interfaces only (but for [`fill`], [`pages`] and [`floor`]), and is no part
//! of the product.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people in front of a terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures real time: a clock that is passed in would measure nothing")]

mod compare;
mod fill;
mod floor;
mod http1;
mod keyward;
mod load;
mod nginx;
mod pages;
mod process;
mod procfs;
mod provider;
mod report;
mod results;
mod rounds;
mod script;
mod soak;
mod sse;
mod starts;
mod stats;
mod targets;
mod yardstick;

use anyhow::{Result, ensure};
use clap::Parser;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

// What Keyward uses, too: the yardstick must not lose by its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keyward's bench.
#[derive(Debug, Parser)]
enum Command {
    /// Compares everything and prints the tables.
    All(compare::Options),
    /// Puts half load on Keyward for a long time and watches what it keeps.
    Soak(soak::Options),
    /// Measures the console's pages with a large organization's data.
    Pages(pages::Options),
    /// Puts load on one target and prints what came back as JSON.
    Load(LoadOptions),
    /// Serves as the scripted provider.
    Provider {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Serves as the bare hyper gateway.
    Yardstick {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// Where the provider listens.
        #[arg(long)]
        provider: SocketAddr,
        /// The API key that is let through.
        #[arg(long)]
        key: String,
    },
    /// Serves as the least that a gateway of Keyward's parts can be.
    Floor {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// Where the provider listens.
        #[arg(long)]
        provider: SocketAddr,
    },
}

#[derive(Debug, clap::Args)]
struct LoadOptions {
    /// Where the target listens.
    #[arg(long)]
    target: SocketAddr,
    /// The API key of every request.
    #[arg(long, default_value = "")]
    key: String,
    /// What is asked for.
    #[arg(long, default_value = "call")]
    work: script::Work,
    /// Connections, all kept alive.
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Seconds that aren't measured.
    #[arg(long, default_value_t = 0.5)]
    warm_up: f64,
    /// Seconds that are.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Calls per second of an open loop; a closed loop without.
    #[arg(long)]
    rate: Option<f64>,
    /// Id of the process whose processor time is measured.
    #[arg(long)]
    watch: Option<u32>,
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::All(options) => compare::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Pages(options) => pages::run(&options),
        Command::Load(options) => put_load(&options),
        // One thread: it shares its processor with the load anyway.
        Command::Provider { listen } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(provider::serve(listen))
        }
        // As `#[tokio::main]` would have it: not tuned.
        Command::Yardstick { listen, provider, key } => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(yardstick::serve(listen, provider, &key))
        }
        Command::Floor { listen, provider } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            tokio::task::LocalSet::new().block_on(&runtime, floor::serve(listen, provider))
        }
    }
}

fn put_load(options: &LoadOptions) -> Result<()> {
    let report = load::run(&load::Plan {
        target: options.target,
        key: options.key.clone(),
        work: options.work,
        connections: options.connections,
        warm_up: Duration::try_from_secs_f64(options.warm_up)?,
        window: Duration::try_from_secs_f64(options.seconds)?,
        rate: options.rate,
        watch: options.watch,
    })?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    ensure!(report.errors == 0, "{} calls failed", report.errors);
    Ok(())
}
