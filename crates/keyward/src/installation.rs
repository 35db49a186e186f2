//! Opening the data folder, the database and the master key, as the settings
//! say: what every command needs that doesn't go over HTTP.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use keyward_domain::{Clock, Randomness};
use keyward_service::{Keyward, MasterKeySource, Parts};
use keyward_store::Pool;
use keyward_telemetry::journal::{Journal, JournalOptions};

use crate::{config::Settings, system::SystemRandomness};

/// File of the embedded database.
pub fn database_file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("keyward.db")
}

/// Makes the data folder, for its owner only.
pub fn make_data_dir(settings: &Settings) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&settings.data_dir);
    made.with_context(|| format!("the data folder {} can't be made", settings.data_dir.display()))
}

/// Opens the database, whichever it is.
pub async fn open_pool(settings: &Settings) -> Result<Pool> {
    match &settings.database_url {
        Some(url) => Pool::connect_postgres(url).await.context("PostgreSQL can't be used"),
        None => {
            let file = database_file(settings);
            Pool::open_sqlite(&file).await.with_context(|| format!("the database {} can't be opened", file.display()))
        }
    }
}

/// Where the master key comes from.
pub fn master_key(settings: &Settings) -> MasterKeySource {
    match &settings.master_key {
        Some(key) => MasterKeySource::Given(key.clone()),
        None => MasterKeySource::File(settings.master_key_file.clone()),
    }
}

/// Opens the usage journal of the data folder: one process at a time.
pub fn open_journal(settings: &Settings) -> Result<Arc<Journal>> {
    let id = random_uuid();
    let journal = Journal::open(&settings.data_dir.join("journal"), JournalOptions::new(id));
    Ok(Arc::new(journal.context("the usage journal can't be opened")?))
}

/// Opens everything, and sets it up if it is new. `journal` for a process that
/// serves calls.
pub async fn open(settings: &Settings, clock: Arc<dyn Clock>, journal: Option<Arc<Journal>>) -> Result<Keyward> {
    make_data_dir(settings)?;
    let pool = open_pool(settings).await?;
    let parts = Parts {
        pool: pool.clone(),
        master_key: master_key(settings),
        clock,
        randomness: Arc::new(SystemRandomness),
        journal,
        public_url: settings.public_url.clone(),
    };
    let opened = keyward_service::open(parts).await;
    if opened.is_err() {
        // SQLite removes the files that it put beside the database.
        pool.close().await;
    }
    Ok(opened?)
}

/// Names a new journal.
fn random_uuid() -> uuid::Uuid {
    let mut bytes = [0; 16];
    SystemRandomness.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
