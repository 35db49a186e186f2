//! The providers' lists of models, asked for at most every few minutes and
//! shared by all cores. They decide which of several credentials a bare model
//! name means, and fill `GET /v1/models`.
//!
//! A call waits for a list only the first time, and never long: without a list
//! the order of the credentials decides.

use std::{
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use keyward_access::CredentialEntry;
use keyward_domain::id::CredentialId;
use keyward_provider::models::ModelListError;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::core::Core;

/// How long a list is as good as new.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// How long a provider that answered no list isn't asked again.
const FAILED: Duration = Duration::from_secs(30);
/// More lists than this are forgotten together and asked for again.
const MOST: usize = 4096;

/// What is known of one credential's list.
#[derive(Clone)]
pub(crate) enum Known {
    List(Arc<[String]>),
    Failed(Arc<ModelListError>),
}

struct Entry {
    version: i64,
    known: Option<Known>,
    asked_at: Instant,
    /// Somebody is asking.
    asking: bool,
}

/// All lists.
#[derive(Default)]
pub(crate) struct ModelLists {
    entries: Mutex<HashMap<CredentialId, Entry>>,
    /// Told whenever an asking has ended.
    changed: Notify,
}

impl ModelLists {
    /// Whether that credential's provider lists that model, if anybody knows.
    pub(crate) fn lists(&self, credential: &CredentialEntry, model: &str) -> Option<bool> {
        match self.known(credential)? {
            Known::List(models) => Some(models.iter().any(|known| known == model)),
            Known::Failed(_) => None,
        }
    }

    /// What is known, fresh or not.
    pub(crate) fn known(&self, credential: &CredentialEntry) -> Option<Known> {
        let entries = self.entries.lock();
        entries.get(&credential.id).filter(|entry| entry.version == credential.version)?.known.clone()
    }

    /// Sees to it that the lists of these credentials are known, as far as they
    /// come within `patience`. Old lists are used while new ones are fetched.
    pub(crate) async fn refresh<'a>(
        core: &Rc<Core>,
        credentials: impl Iterator<Item = &'a Arc<CredentialEntry>> + Clone,
        patience: Duration,
    ) {
        for credential in credentials.clone().filter(|credential| core.shared.models.begin(credential)) {
            let asking = Asking { core: Rc::clone(core), credential: Arc::clone(credential), ended: false };
            core.tasks.spawn_local(asking.ask());
        }
        let lists = &core.shared.models;
        let wait = async {
            loop {
                let changed = lists.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if credentials.clone().all(|credential| lists.known(credential).is_some()) {
                    return;
                }
                changed.await;
            }
        };
        let _ = tokio::time::timeout(patience, wait).await;
    }

    /// Whether the caller is to ask for this list now.
    fn begin(&self, credential: &CredentialEntry) -> bool {
        let now = Instant::now();
        let mut entries = self.entries.lock();
        if entries.len() >= MOST && !entries.contains_key(&credential.id) {
            entries.clear();
        }
        let new = || Entry { version: credential.version, known: None, asked_at: now, asking: false };
        let entry = entries.entry(credential.id).or_insert_with(new);
        if entry.version != credential.version {
            *entry = new();
        }
        let lasts = match &entry.known {
            None => Duration::ZERO,
            Some(Known::List(_)) => FRESH,
            Some(Known::Failed(_)) => FAILED,
        };
        if entry.asking || now.duration_since(entry.asked_at) < lasts {
            return false;
        }
        entry.asking = true;
        true
    }

    /// Takes the end of an asking; `None` if it was given up.
    fn end(&self, credential: &CredentialEntry, found: Option<Known>) {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.get_mut(&credential.id).filter(|entry| entry.version == credential.version) {
            entry.asking = false;
            if let Some(found) = found {
                // A provider that fails for a moment keeps its old list.
                let keep = matches!((&entry.known, &found), (Some(Known::List(_)), Known::Failed(_)));
                entry.known = if keep { entry.known.take() } else { Some(found) };
                entry.asked_at = Instant::now();
            }
        }
        drop(entries);
        self.changed.notify_waiters();
    }
}

/// One asking; ends, also when it is given up.
struct Asking {
    core: Rc<Core>,
    credential: Arc<CredentialEntry>,
    ended: bool,
}

impl Asking {
    async fn ask(mut self) {
        let found = match self.core.targets.get(&self.credential) {
            Ok(target) => self.core.upstream.models(&target).await,
            Err(error) => Err(ModelListError::Unreachable(error.message.into_owned())),
        };
        let found = match found {
            Ok(models) => Known::List(models.into()),
            Err(error) => {
                tracing::debug!(credential = %self.credential.id, %error, "a provider answers no list of models");
                Known::Failed(Arc::new(error))
            }
        };
        self.ended = true;
        self.core.shared.models.end(&self.credential, Some(found));
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.ended {
            self.core.shared.models.end(&self.credential, None);
        }
    }
}
