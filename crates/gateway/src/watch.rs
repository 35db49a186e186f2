//! Asking again and again, while a stream is in flight, whether its key may
//! still be used.

use std::{rc::Rc, task::Context, time::Duration};

use keyward_access::{Authenticated, Refusal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::core::Core;

/// Between two askings.
const PERIOD: Duration = Duration::from_millis(400);

/// One stream's watch over its key.
pub(crate) struct Watch {
    core: Rc<Core>,
    caller: Authenticated,
    tick: Interval,
}

impl Watch {
    pub(crate) fn new(core: Rc<Core>, caller: Authenticated) -> Self {
        let mut tick = interval_at(Instant::now() + PERIOD, PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { core, caller, tick }
    }

    /// Why the stream must end, when it must. `cx` is woken when it is time to
    /// ask again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Refusal> {
        while self.tick.poll_tick(cx).is_ready() {
            let parts = &self.core.shared.parts;
            if let Err(refusal) = parts.index.recheck(&self.caller, parts.clock.now()) {
                return Some(refusal);
            }
        }
        None
    }
}
