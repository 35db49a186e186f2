//! What a core's thread holds while it runs, and what all cores share.

use std::{rc::Rc, sync::Arc};

use keyward_provider::{Upstream, demo::Demo, http::Client};
use tokio_util::task::TaskTracker;

use crate::{GatewayOptions, GatewayParts, models::ModelLists, settle::Ledger, socket::Scratch, targets::Targets};

/// Shared by all cores.
pub(crate) struct Shared {
    pub(crate) parts: GatewayParts,
    pub(crate) options: GatewayOptions,
    pub(crate) models: ModelLists,
}

/// One core's own. Its calls never leave its thread.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) upstream: Upstream,
    pub(crate) targets: Targets,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) tasks: TaskTracker,
    pub(crate) scratch: Scratch,
}

impl Core {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let parts = &shared.parts;
        let client = Client::new(shared.options.client.clone(), parts.tls.clone());
        let tasks = TaskTracker::new();
        let ledger = Ledger::new(parts, tasks.clone());
        Self {
            upstream: Upstream::new(client, Demo::new(Arc::clone(&parts.clock))),
            targets: Targets::default(),
            ledger: Rc::new(ledger),
            tasks,
            scratch: Scratch::default(),
            shared,
        }
    }
}
