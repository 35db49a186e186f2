//! The server: one thread for each core, each with its own runtime, listener
//! and connections to providers, so that a call never changes threads.

use std::{
    io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use keyward_domain::clock::to_millis;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, LocalOptions},
    time::{sleep, timeout},
};
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;

use crate::{
    GatewayOptions, GatewayParts, connection,
    core::{Core, Shared},
    metrics::Metrics,
};

/// Connections that wait to be accepted, for each core.
const BACKLOG: i32 = 1024;
/// After an accept that failed (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Between two looks for connections to providers that are unused for long.
const TIDY: Duration = Duration::from_secs(15);

/// Why the gateway couldn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}. Stop what listens there, or name another address with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// TLS can't be set up.
    #[error("TLS can't be set up for the listener: {0}")]
    Tls(rustls::Error),
    /// A core's thread or runtime can't be made.
    #[error("can't start the thread of core {core}: {source}")]
    Thread {
        /// Which one, from 0.
        core: usize,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The gateway; see [`Gateway::start`].
pub struct Gateway;

/// A gateway that runs until it is told to stop.
pub struct Running {
    local_address: SocketAddr,
    draining: CancellationToken,
    threads: Vec<JoinHandle<()>>,
    metrics: Metrics,
}

impl Gateway {
    /// Listens and serves. When this returns, calls are answered.
    pub fn start(parts: GatewayParts, options: GatewayOptions) -> Result<Running, StartError> {
        let listeners = listen(options.listen, options.cores.max(1))
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        let local_address = listeners
            .first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
            .and_then(std::net::TcpListener::local_addr)
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        let shared = Arc::new(Shared::new(parts, options).map_err(StartError::Tls)?);
        let draining = CancellationToken::new();
        let mut running =
            Running { local_address, draining, threads: Vec::new(), metrics: Metrics(Arc::clone(&shared)) };
        for (core, listener) in listeners.into_iter().enumerate() {
            let thread = run_core(core, listener, Arc::clone(&shared), running.draining.clone());
            match thread {
                Ok(thread) => running.threads.push(thread),
                Err(source) => {
                    running.shutdown();
                    running.join();
                    return Err(StartError::Thread { core, source });
                }
            }
        }
        Ok(running)
    }
}

impl Running {
    /// The address that is listened on, its port chosen if it was 0.
    pub const fn local_address(&self) -> SocketAddr {
        self.local_address
    }

    /// What it counts of itself.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Stops accepting. Calls in flight may finish, within the time set.
    pub fn shutdown(&self) {
        self.draining.cancel();
    }

    /// Waits until all calls have ended and everything is in the journal.
    /// Blocks; call [`Running::shutdown`] before.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a core's thread panicked");
            }
        }
    }
}

/// One listener a core, all on one address. Only several share it: a second
/// process on the same address is an error and not half of the calls.
fn listen(address: SocketAddr, cores: usize) -> io::Result<Vec<std::net::TcpListener>> {
    let mut address = address;
    let shared = cores > 1;
    if shared && address.port() != 0 {
        drop(bind(address, false)?);
    }
    let mut listeners = Vec::with_capacity(cores);
    for _ in 0..cores {
        let socket = bind(address, shared)?;
        socket.listen(BACKLOG)?;
        let listener = std::net::TcpListener::from(socket);
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn run_core(
    number: usize,
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    draining: CancellationToken,
) -> io::Result<JoinHandle<()>> {
    let (started, has_started) = std::sync::mpsc::sync_channel(1);
    let thread = thread::Builder::new().name(format!("gateway-{number}")).spawn(move || {
        let built = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(error))),
        };
        runtime.block_on(async {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    let _ = started.send(Ok(()));
                    serve(Rc::new(Core::new(shared, number)), listener, draining).await;
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    })?;
    has_started.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended at once")))?;
    Ok(thread)
}

async fn serve(core: Rc<Core>, listener: TcpListener, draining: CancellationToken) {
    let ended = CancellationToken::new();
    let begin = |stream: TcpStream, peer: SocketAddr| {
        let core = Rc::clone(&core);
        match core.shared.admission.admit(peer.ip()) {
            Ok(admitted) => {
                core.counts.connection();
                let serving =
                    connection::serve(Rc::clone(&core), stream, peer, admitted, draining.clone(), ended.clone());
                core.tasks.spawn_local(serving);
            }
            Err(full) => {
                core.counts.refused_connection();
                core.refusals.note(full, peer.ip());
                // Over TLS nothing can be said without its handshake, which is the dearest part.
                if core.shared.acceptor.is_none() {
                    core.tasks.clone().spawn_local(connection::turn_away(core, stream, full));
                }
            }
        }
    };
    let mut tidy = tokio::time::interval(TIDY);
    loop {
        tokio::select! {
            biased;
            () = draining.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => begin(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection can't be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = tidy.tick() => {
                core.upstream.close_aged();
                let _ = core.ledger.catch_up();
                tidy_cache(&core);
            }
        }
    }
    // Who is connected already, but not accepted yet, is served too.
    while let Some((stream, peer)) = next_waiting(&listener).await {
        begin(stream, peer);
    }
    drop(listener);
    core.tasks.close();
    if timeout(core.shared.options.drain, core.tasks.wait()).await.is_err() {
        tracing::warn!(calls = core.tasks.len(), "calls are still in flight and are cut");
        ended.cancel();
        core.tasks.wait().await;
    }
    if let Err(error) = core.ledger.catch_up() {
        tracing::error!(%error, lost = core.ledger.kept(), "the usage of some calls can't be recorded");
    }
}

/// Beside the calls: all answers are looked at.
fn tidy_cache(core: &Core) {
    let now = to_millis(core.shared.parts.clock.now());
    if core.shared.cache.is_untidy(now) {
        let shared = Arc::clone(&core.shared);
        core.tasks.spawn_blocking(move || shared.cache.tidy(&shared.parts.index, now));
    }
}

/// A connection that can be accepted without waiting.
async fn next_waiting(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|cx| match listener.poll_accept(cx) {
        Poll::Ready(Ok(accepted)) => Poll::Ready(Some(accepted)),
        Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
    })
    .await
}
