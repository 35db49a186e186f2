//! What a core's thread holds while it runs, and what all cores share.

use std::{rc::Rc, sync::Arc};

use keyward_provider::{Upstream, demo::Demo, http::Client};
use tokio_rustls::{TlsAcceptor, rustls};
use tokio_util::task::TaskTracker;

use crate::{
    GatewayOptions, GatewayParts,
    admission::{Admission, Refusals},
    breakers::Breakers,
    cache::ResponseCache,
    draw::Draw,
    inbound::{Pace, Room},
    metrics::Counts,
    models::ModelLists,
    settle::Ledger,
    socket::Scratch,
    targets::Targets,
    tls,
};

/// Shared by all cores.
pub(crate) struct Shared {
    pub(crate) parts: GatewayParts,
    pub(crate) options: GatewayOptions,
    pub(crate) models: ModelLists,
    pub(crate) cache: ResponseCache,
    pub(crate) breakers: Breakers,
    pub(crate) admission: Arc<Admission>,
    /// Each core's.
    pub(crate) counts: Vec<Arc<Counts>>,
    pub(crate) room: Arc<Room>,
    pub(crate) pace: Pace,
    /// Callers come over TLS.
    pub(crate) acceptor: Option<TlsAcceptor>,
}

impl Shared {
    pub(crate) fn new(parts: GatewayParts, options: GatewayOptions) -> Result<Self, rustls::Error> {
        Ok(Self {
            acceptor: parts.certificate.clone().map(tls::acceptor).transpose()?,
            models: ModelLists::default(),
            cache: ResponseCache::new(options.cache_memory),
            breakers: Breakers::default(),
            admission: Admission::new(&options),
            counts: (0..options.cores.max(1)).map(|_| Arc::default()).collect(),
            room: Room::new(options.bodies_limit),
            pace: Pace::new(&options),
            parts,
            options,
        })
    }
}

/// One core's own. Its calls never leave its thread.
pub(crate) struct Core {
    /// From 0.
    pub(crate) number: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) upstream: Upstream,
    pub(crate) targets: Targets,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) tasks: TaskTracker,
    pub(crate) scratch: Scratch,
    pub(crate) refusals: Refusals,
    pub(crate) counts: Arc<Counts>,
    pub(crate) draw: Draw,
}

impl Core {
    /// The core of that number, from 0.
    pub(crate) fn new(shared: Arc<Shared>, number: usize) -> Self {
        let parts = &shared.parts;
        let client = Client::new(shared.options.client.clone(), parts.tls.clone());
        let tasks = TaskTracker::new();
        let counts = shared.counts.get(number).cloned().unwrap_or_default();
        let ledger = Ledger::new(parts, Arc::clone(&counts), tasks.clone());
        Self {
            number,
            upstream: Upstream::new(client, Demo::new(Arc::clone(&parts.clock))),
            targets: Targets::default(),
            ledger: Rc::new(ledger),
            draw: Draw::new(&*parts.randomness),
            tasks,
            scratch: Scratch::default(),
            refusals: Refusals::default(),
            counts,
            shared,
        }
    }
}
