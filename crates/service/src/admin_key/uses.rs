//! When admin keys were last used. A request only notes it in memory; a task
//! writes what was noted, at most once a minute for each key.

use std::{collections::HashMap, time::Duration};

use keyward_domain::{clock::to_millis, id::AdminKeyId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{Keyward, Result};

/// How exact the moment is, in milliseconds.
const MINUTE: i64 = 60_000;

/// How long a database that doesn't answer is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// The last noted use of each admin key.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    noted: Mutex<HashMap<AdminKeyId, Noted>>,
    waiting: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Noted {
    at: i64,
    written: bool,
}

impl Uses {
    fn note(&self, id: AdminKeyId, at: i64) {
        let mut noted = self.noted.lock();
        if noted.get(&id).is_none_or(|last| at.saturating_sub(last.at) >= MINUTE) {
            noted.insert(id, Noted { at, written: false });
            self.waiting.notify_one();
        }
    }

    /// When a key was last used, as far as this node knows, to the minute.
    pub(crate) fn last(&self, id: AdminKeyId) -> Option<i64> {
        self.noted.lock().get(&id).map(|noted| noted.at)
    }

    fn unwritten(&self) -> Vec<(AdminKeyId, i64)> {
        self.noted.lock().iter().filter(|(_, noted)| !noted.written).map(|(id, noted)| (*id, noted.at)).collect()
    }

    fn written(&self, id: AdminKeyId, at: i64) {
        if let Some(noted) = self.noted.lock().get_mut(&id)
            && noted.at == at
        {
            noted.written = true;
        }
    }

    /// Drops what was noted about a deleted key.
    pub(crate) fn forget(&self, id: AdminKeyId) {
        self.noted.lock().remove(&id);
    }
}

/// Notes that an admin key opened something just now. Only memory is touched.
pub fn note_use(keyward: &Keyward, id: AdminKeyId) {
    keyward.admin_key_uses.note(id, to_millis(keyward.now()));
}

/// Writes what was noted and isn't written yet.
pub async fn write_uses(keyward: &Keyward) -> Result<()> {
    let unwritten = keyward.admin_key_uses.unwritten();
    if unwritten.is_empty() {
        return Ok(());
    }
    let mut transaction = keyward.pool.begin().await?;
    for (id, at) in &unwritten {
        keyward_store::admin_key::note_use(&mut transaction.conn(), *id, *at).await?;
    }
    transaction.commit().await?;
    for (id, at) in unwritten {
        keyward.admin_key_uses.written(id, at);
    }
    Ok(())
}

/// Writes uses as they are noted, until `stop`; then the last ones.
pub async fn keep_writing_uses(keyward: Keyward, stop: CancellationToken) {
    while stop.run_until_cancelled(keyward.admin_key_uses.waiting.notified()).await.is_some() {
        if let Err(error) = write_uses(&keyward).await {
            tracing::warn!(%error, "the last use of admin keys can't be written: it is tried again");
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            keyward.admin_key_uses.waiting.notify_one();
        }
    }
    if let Err(error) = write_uses(&keyward).await {
        tracing::warn!(%error, "the last use of admin keys couldn't be written");
    }
}
