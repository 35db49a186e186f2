//! Where passwords are hashed: beside the threads that serve, as many at once as
//! there are cores, and a few dozen waiting. Each takes 19 MiB while it runs, so
//! whoever comes beyond that is told to come again: neither memory nor the
//! answer's time grows without end.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::Semaphore;

use crate::{Error, Result};

/// How many may wait.
const MOST_WAITING: usize = 32;

/// The bounded pool.
#[derive(Debug)]
pub(crate) struct Hasher {
    cores: usize,
    free: Arc<Semaphore>,
    /// Running and waiting.
    present: AtomicUsize,
    done: AtomicU64,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let free = Arc::new(Semaphore::new(cores));
        Self { cores, free, present: AtomicUsize::new(0), done: AtomicU64::new(0) }
    }
}

/// A place in the pool, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    /// Runs `work` when its turn comes.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let before = self.present.fetch_add(1, Ordering::AcqRel);
        let _place = Place(&self.present);
        if before >= self.cores + MOST_WAITING {
            return Err(Error::Busy);
        }
        let broken = |error: String| Error::Password(error);
        let free = self.free.clone().acquire_owned().await.map_err(|error| broken(error.to_string()))?;
        self.done.fetch_add(1, Ordering::Relaxed);
        let ran = tokio::task::spawn_blocking(move || {
            // Until the work is over, also if nobody waits for it any more.
            let _free = free;
            work()
        });
        ran.await.map_err(|error| broken(error.to_string()))?
    }

    /// How much was run so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn as_many_run_as_there_are_cores_a_few_dozen_wait_and_the_rest_is_sent_away() {
        let hasher = Arc::new(Hasher::default());
        let (held, release) = mpsc::channel::<()>();
        let release = Arc::new(std::sync::Mutex::new(release));
        let running = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for _ in 0..hasher.cores + MOST_WAITING + 10 {
            let (hasher, release, running) = (hasher.clone(), release.clone(), running.clone());
            all.spawn(async move {
                let most = hasher.cores;
                let work = move || {
                    assert!(running.fetch_add(1, Ordering::AcqRel) < most);
                    let _ = release.lock().unwrap().recv();
                    running.fetch_sub(1, Ordering::AcqRel);
                    Ok(())
                };
                hasher.run(work).await
            });
        }
        for _ in 0..10 {
            let sent_away = all.join_next().await.unwrap().unwrap();
            assert!(matches!(sent_away, Err(Error::Busy)), "{sent_away:?}");
        }
        drop(held);
        while let Some(ran) = all.join_next().await {
            ran.unwrap().unwrap();
        }
        hasher.run(|| Ok(())).await.unwrap();
        assert_eq!(hasher.done(), (hasher.cores + MOST_WAITING + 1) as u64);
    }
}
