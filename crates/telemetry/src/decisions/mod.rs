//! The decisions of calls on their way to the database: each core of the gateway
//! appends to a buffer of its own, and whoever keeps them takes all buffers from
//! time to time. Nothing here waits for a disk or a database.
//!
//! Unlike the usage journal it may lose something: what isn't taken when the
//! process dies, and what doesn't fit while nobody takes anything, which is
//! counted.

mod batch;
mod record;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

pub use batch::Batch;
pub use record::{Head, Record, Records, Writer};

/// The most that one core's buffer holds, in bytes.
const MOST: usize = 4 << 20;

/// The buffers of all cores.
#[derive(Debug)]
pub struct DecisionLog {
    /// Taken by one core alone, but for whoever keeps what is in it.
    cores: Box<[Mutex<Vec<u8>>]>,
    dropped: AtomicU64,
}

impl DecisionLog {
    /// Empty buffers for so many cores, one at least.
    pub fn new(cores: usize) -> Self {
        let cores = (0..cores.max(1)).map(|_| Mutex::default()).collect();
        Self { cores, dropped: AtomicU64::new(0) }
    }

    /// Appends what `write` writes about one call that the core of that number, from 0,
    /// has decided; drops it where the buffer is full.
    pub fn append(&self, core: usize, head: &Head, write: impl FnOnce(&mut Writer<'_>)) {
        let Some(core) = self.cores.get(core) else { return };
        let mut bytes = core.lock();
        let before = bytes.len();
        let mut writer = Writer::begin(&mut bytes, head);
        write(&mut writer);
        writer.end();
        if bytes.len() > MOST {
            bytes.truncate(before);
            drop(bytes);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes everything that was appended so far.
    pub fn take(&self) -> Vec<Vec<u8>> {
        let take = |core: &Mutex<Vec<u8>>| {
            let mut bytes = core.lock();
            // About as much will come until the next time.
            let next = Vec::with_capacity(bytes.len());
            std::mem::replace(&mut *bytes, next)
        };
        self.cores.iter().map(take).filter(|bytes| !bytes.is_empty()).collect()
    }

    /// How many decisions didn't fit.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
