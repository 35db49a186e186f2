//! Following the change log: what was committed, here or by another process,
//! is read again and put into the key index, in order. The same way serves
//! one's own change before it answers and others' changes as they come.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use keyward_domain::{clock::to_millis, id::ProjectId};
use keyward_store::{
    Conn,
    change_log::{self, Subject},
    project,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{Keyward, Result, admin_key, api_key, budget, cache, credential, limit, model_alias, price};

/// How often other processes' changes are looked for: a quarter of the second
/// within which every node must have them.
const INTERVAL: Duration = Duration::from_millis(250);

/// From which age on the index counts as behind.
const MAX_INDEX_AGE_MS: i64 = 5_000;

/// How far the index is.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    /// The last sequence number in the index. The lock makes one writer.
    applied: Mutex<i64>,
    /// When the log was last read to its end, in milliseconds since 1970.
    fresh_at: AtomicI64,
}

impl Keyward {
    /// Reads everything into the key index, at the start.
    pub(crate) async fn load_index(&self) -> Result<()> {
        let mut applied = self.follower.applied.lock().await;
        let mut connection = self.read().await?;
        let conn = &mut connection.conn();
        // Whatever changes while this reads has a higher number, and is read again.
        let sequence = change_log::last_sequence(conn).await?;
        for project in project::all(conn).await? {
            self.index.put_project(&project);
        }
        limit::load(self, conn).await?;
        cache::load(self, conn).await?;
        model_alias::load(self, conn).await?;
        credential::index::load(self, conn).await?;
        api_key::index::load(self, conn).await?;
        admin_key::index::load(self, conn).await?;
        price::index::load(self, conn).await?;
        budget::load(self, conn).await?;
        *applied = sequence;
        self.note_fresh();
        Ok(())
    }

    /// Takes in every change that is committed.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let mut applied = self.follower.applied.lock().await;
        let mut connection = self.read().await?;
        let conn = &mut connection.conn();
        loop {
            let changes = change_log::after(conn, *applied).await?;
            let Some((last, _)) = changes.last().copied() else { break };
            let mut done = HashSet::new();
            for (_, subject) in changes {
                // A subject is read as it is now, so once a batch is enough.
                if done.insert(subject) {
                    self.take_in(conn, subject).await?;
                }
            }
            *applied = last;
        }
        self.note_fresh();
        Ok(())
    }

    /// Follows until `stop`: other processes' changes are in force here within
    /// a second.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut failing = false;
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            match self.catch_up().await {
                Ok(()) if failing => {
                    tracing::info!("the change log can be read again");
                    failing = false;
                }
                Ok(()) => {}
                Err(error) if !failing => {
                    tracing::warn!(%error, "the change log can't be read: keys go on working as last known");
                    failing = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Whether requests can be served as promised: the database answers and the
    /// key index is at most a few seconds behind it. Names what is missing.
    pub async fn ready(&self) -> std::result::Result<(), &'static str> {
        let mut connection = self.pool.read().await.map_err(|_| "database unavailable")?;
        keyward_store::installation::ping(&mut connection.conn()).await.map_err(|_| "database unavailable")?;
        if self.index_age_ms() > MAX_INDEX_AGE_MS { Err("key index behind") } else { Ok(()) }
    }

    /// How long ago the index was last known to be complete, in milliseconds.
    pub fn index_age_ms(&self) -> i64 {
        to_millis(self.now()).saturating_sub(self.follower.fresh_at.load(Ordering::Acquire))
    }

    fn note_fresh(&self) {
        self.follower.fresh_at.store(to_millis(self.now()), Ordering::Release);
    }

    async fn take_in(&self, conn: &mut Conn<'_>, subject: Subject) -> Result<()> {
        match subject {
            Subject::Project(id) => self.take_in_project(conn, id).await,
            Subject::ProjectCredentials(id) => credential::index::take_in_project(self, conn, id).await,
            Subject::OrganizationCredentials(id) => credential::index::take_in_organization(self, conn, id).await,
            Subject::ApiKey(id) => api_key::index::take_in(self, conn, id).await,
            Subject::ProjectApiKeys(id) => api_key::index::take_in_project(self, conn, id).await,
            Subject::AdminKey(id) => admin_key::index::take_in(self, conn, id).await,
            Subject::OrganizationPrices(id) => price::index::take_in(self, conn, id).await,
            Subject::Budgets(holder) => budget::take_in(self, conn, holder).await,
        }
    }

    async fn take_in_project(&self, conn: &mut Conn<'_>, id: ProjectId) -> Result<()> {
        if let Some(project) = project::find_any(conn, id).await? {
            let is_new = self.index.project(id).is_none();
            self.index.put_project(&project);
            limit::take_in_project(self, conn, &project).await?;
            cache::take_in_project(self, conn, &project).await?;
            model_alias::take_in_project(self, conn, &project).await?;
            if is_new {
                // A new project inherits the organization's credentials.
                credential::index::take_in_project(self, conn, id).await?;
            }
        }
        Ok(())
    }
}
