//! Connections that wait for their next request, by endpoint. Bounded in
//! number and age; the one used last goes first, so that the surplus grows
//! old and is closed. It starts no task: whoever puts or takes tidies up.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::connection::Connection;

pub(super) struct Pool {
    max_idle: usize,
    max_age: Duration,
    shelves: Mutex<Shelves>,
}

struct Shelves {
    /// Oldest first.
    idle: HashMap<Arc<str>, VecDeque<Idle>>,
    swept: Instant,
}

struct Idle {
    connection: Box<Connection>,
    since: Instant,
}

impl Pool {
    pub(super) fn new(max_idle: usize, max_age: Duration) -> Self {
        Self { max_idle, max_age, shelves: Mutex::new(Shelves { idle: HashMap::new(), swept: Instant::now() }) }
    }

    /// A connection to `origin` that its peer hasn't closed as far as is known
    /// without asking.
    pub(super) fn take(&self, origin: &str) -> Option<Box<Connection>> {
        loop {
            let mut idle = self.shelves.lock().idle.get_mut(origin)?.pop_back()?;
            if idle.since.elapsed() < self.max_age && idle.connection.is_quiet() {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection that can serve again; closes the oldest of its
    /// endpoint when there are too many.
    pub(super) fn put(&self, mut connection: Box<Connection>) {
        connection.rest();
        let since = Instant::now();
        let mut surplus = Vec::new();
        let mut shelves = self.shelves.lock();
        if since - shelves.swept >= self.max_age {
            surplus = shelves.sweep(since, self.max_age);
        }
        let shelf = match shelves.idle.get_mut(&**connection.origin()) {
            Some(shelf) => shelf,
            None => shelves.idle.entry(Arc::clone(connection.origin())).or_default(),
        };
        shelf.push_back(Idle { connection, since });
        if shelf.len() > self.max_idle {
            surplus.extend(shelf.pop_front());
        }
        // Closing sockets takes longer than anything above.
        drop(shelves);
        drop(surplus);
    }

    /// Closes every connection that is too old.
    pub(super) fn close_aged(&self) {
        let aged = self.shelves.lock().sweep(Instant::now(), self.max_age);
        drop(aged);
    }
}

impl Shelves {
    /// Takes out what is too old, and endpoints that nothing is left of.
    fn sweep(&mut self, now: Instant, max_age: Duration) -> Vec<Idle> {
        self.swept = now;
        let mut aged = Vec::new();
        self.idle.retain(|_, shelf| {
            let fresh_from = shelf.partition_point(|idle| now - idle.since >= max_age);
            aged.extend(shelf.drain(..fresh_from));
            !shelf.is_empty()
        });
        aged
    }
}
