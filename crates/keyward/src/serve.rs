//! `keyward serve`: everything in one process. Starts the journal, the
//! database, the key index, the admin API and the gateway, in this order, and
//! ends them in the opposite one.

use std::{io::Write, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use keyward_access::TrustedProxies;
use keyward_api::Api;
use keyward_gateway::{Gateway, GatewayOptions, GatewayParts, Running};
use keyward_provider::{
    Upstream,
    demo::Demo,
    http::{Client, ClientOptions, Tls},
};
use keyward_service::Keyward;
use keyward_telemetry::journal::Journal;
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    control::control_plane,
    demo, installation,
    model_lists::ProviderModels,
    system::{SystemClock, SystemRandomness},
};

/// Serves until SIGTERM or SIGINT, then drains.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Add a demo organization, project and API key with the built-in offline
    /// provider, and print calls that work.
    #[arg(long)]
    demo: bool,
}

/// Runs the command.
pub fn run(settings: &Settings, args: &ServeArgs, out: &mut dyn Write) -> Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("keyward-control").enable_all().build()?;
    runtime.block_on(serve(settings, args, out))
}

async fn serve(settings: &Settings, args: &ServeArgs, out: &mut dyn Write) -> Result<()> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    installation::make_data_dir(settings)?;
    let journal = installation::open_journal(settings)?;
    let keyward = installation::open(settings, Some(journal.clone())).await?;
    let demo = if args.demo { Some(demo::prepare(&keyward).await?) } else { None };

    let (requests, background, stop) = (TaskTracker::new(), TaskTracker::new(), CancellationToken::new());
    background.spawn({
        let (keyward, stop) = (keyward.clone(), stop.clone());
        async move { keyward.follow(stop).await }
    });
    background.spawn({
        let (keyward, stop) = (keyward.clone(), stop.clone());
        async move { keyward.settle_until(stop).await }
    });
    let running = start_gateway(settings, &keyward, journal, &requests)?;
    let address = running.local_address();
    tracing::info!(%address, "keyward is serving");
    greet(out, address, demo.as_ref(), keyward.has_organization().await?)?;

    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    tracing::info!(seconds = settings.drain_timeout, "stopping: calls in flight may finish");
    running.shutdown();
    tokio::task::spawn_blocking(move || running.join()).await.context("the gateway didn't stop")?;
    requests.close();
    let _ = tokio::time::timeout(Duration::from_secs(10), requests.wait()).await;
    stop.cancel();
    background.close();
    background.wait().await;
    keyward.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn start_gateway(settings: &Settings, keyward: &Keyward, journal: Arc<Journal>, requests: &TaskTracker) -> Result<Running> {
    let [connect, head, idle] = settings.upstream_timeouts.map(Duration::from_secs);
    let client = ClientOptions {
        allow_private: settings.allow_private_upstreams,
        connect_timeout: connect,
        head_timeout: head,
        idle_timeout: idle,
        ..ClientOptions::default()
    };
    let tls = Tls::native();
    let upstream = Upstream::new(Client::new(client.clone(), tls.clone()), Demo::new(Arc::new(SystemClock)));
    let api = Api { keyward: keyward.clone(), models: Arc::new(ProviderModels(Arc::new(upstream))) };
    let parts = GatewayParts {
        index: keyward.index().clone(),
        caps: keyward.request_caps(),
        journal,
        clock: Arc::new(SystemClock),
        ids: keyward.ids().clone(),
        randomness: Arc::new(SystemRandomness),
        tls,
        control: control_plane(api, Handle::current(), requests.clone()),
    };
    let options = GatewayOptions {
        cores: settings.cores,
        trusted_proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        allowed_origins: settings.allowed_origins.clone(),
        body_limit: settings.max_body_bytes,
        drain: Duration::from_secs(settings.drain_timeout),
        client,
        ..GatewayOptions::new(settings.listen)
    };
    Ok(Gateway::start(parts, options)?)
}

/// Tells the person at the terminal where Keyward is and what to do next.
fn greet(out: &mut dyn Write, address: std::net::SocketAddr, demo: Option<&demo::Demonstration>, has_organization: bool) -> Result<()> {
    writeln!(out, "Keyward is serving at http://{address}")?;
    match demo {
        Some(demo) => demo.print(out, address)?,
        None if has_organization => {}
        None => writeln!(
            out,
            "\nThere is no organization yet. Make one, with its owner and an admin key:\n  {} init --organization \"My company\" --email you@example.com --password-stdin",
            std::env::args_os().next().map_or_else(|| "keyward".into(), |program| Path::new(&program).display().to_string()),
        )?,
    }
    Ok(out.flush()?)
}
