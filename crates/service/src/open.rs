//! Opening an installation: the right master key first, then the tables, then
//! the key index. A wrong master key is refused before anything is written.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyward_access::KeyIndex;
use keyward_domain::{
    Clock, Randomness,
    clock::to_millis,
    id::{IdSource, RequestId},
};
use keyward_store::{
    Pool, StoreError,
    installation::{self, Installation},
};
use keyward_telemetry::journal::Journal;

use crate::{
    Error, Keyward, MasterKey,
    budget::SharedBudgets,
    follow::Follower,
    limit::SharedLimits,
    usage::Drainer,
    vault::{DoesNotOpen, Vault},
};

/// What an installation is opened with.
pub struct Parts {
    /// Its database.
    pub pool: Pool,
    /// Its master key.
    pub master_key: MasterKeySource,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of all secrets.
    pub randomness: Arc<dyn Randomness>,
    /// The usage journal, if this process serves calls. What it holds and the
    /// database doesn't is counted before the keys are read.
    pub journal: Option<Arc<Journal>>,
    /// What links to Keyward start with, without a slash at the end.
    pub public_url: String,
}

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// The operator gives it.
    Given(MasterKey),
    /// It stands in this file, which is made for a new database.
    File(PathBuf),
}

/// Why an installation can't be opened. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was set up with another master key.
    #[error(
        "this master key doesn't open this database: it was set up with another one. Give the master key that it was first started with ({0})"
    )]
    WrongMasterKey(String),
    /// The database has been set up, but the key's file is gone.
    #[error(
        "the database has been set up before, but its master key isn't in {0}. Put that file back, or give the key in KEYWARD_MASTER_KEY"
    )]
    MasterKeyMissing(PathBuf),
    /// The file holds something else.
    #[error("{0} doesn't hold a master key: base64 of 32 bytes is expected")]
    MasterKeyUnreadable(PathBuf),
    /// The file can't be read or made.
    #[error("the master key file {path} can't be {what}: {source}")]
    MasterKeyFile {
        /// Which file.
        path: PathBuf,
        /// `read` or `made`.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The database didn't do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds can't be read.
    #[error(transparent)]
    Load(#[from] Error),
}

/// Opens the installation in `parts.pool`, and sets it up if it is new.
pub async fn open(parts: Parts) -> Result<Keyward, OpenError> {
    let Parts { pool, master_key: source, clock, randomness, journal, public_url } = parts;
    let found = installation::find(&mut pool.read().await?.conn()).await?;
    let (vault, made) = match found {
        Some(installation) => (open_vault(&source, &source.existing()?, &installation)?, None),
        None => {
            let master = source.existing_or_new(&*randomness)?;
            let installation = Vault::create(&master, &*randomness);
            (open_vault(&source, &master, &installation)?, Some((master, installation)))
        }
    };
    installation::migrate(&pool).await?;
    let vault = match made {
        None => vault,
        Some((master, installation)) => {
            let mut transaction = pool.begin().await?;
            let first = installation::insert(&mut transaction.conn(), &installation, to_millis(clock.now())).await?;
            transaction.commit().await?;
            if first {
                vault
            } else {
                // Another process set the database up in the meantime.
                let found = installation::find(&mut pool.read().await?.conn()).await?;
                let found = found.ok_or_else(|| StoreError::Unreadable("the installation's row is gone".into()))?;
                open_vault(&source, &master, &found)?
            }
        }
    };
    let index = Arc::new(KeyIndex::new(vault.pepper.clone()));
    let (ids, follower) = (Arc::new(IdSource::default()), Arc::new(Follower::default()));
    let drainer = match journal {
        None => None,
        Some(journal) => Some(Arc::new(Drainer::open(&pool, journal).await?)),
    };
    let (vault, admin_key_uses, public_url) = (Arc::new(vault), Arc::default(), public_url.into());
    let (aggregate, passwords, guard) = (Arc::default(), Arc::default(), Arc::default());
    let process = RequestId::generate(&ids, &*clock, &*randomness).uuid();
    let (limits, budgets) = (Arc::new(SharedLimits::new(process)), Arc::new(SharedBudgets::new(process)));
    let keyward = Keyward {
        pool,
        clock,
        randomness,
        ids,
        vault,
        index,
        follower,
        admin_key_uses,
        aggregate,
        passwords,
        guard,
        drainer,
        limits,
        budgets,
        decisions: Arc::default(),
        spent: Arc::default(),
        public_url,
        outbox: None,
        reset_requests: Arc::default(),
    };
    keyward.settle().await?;
    keyward.load_index().await?;
    Ok(keyward)
}

/// Whether the master key opens what the database holds; writes nothing.
pub async fn check_master_key(pool: &Pool, source: &MasterKeySource) -> Result<(), OpenError> {
    match installation::find(&mut pool.read().await?.conn()).await? {
        None => Ok(()),
        Some(installation) => open_vault(source, &source.existing()?, &installation).map(drop),
    }
}

fn open_vault(source: &MasterKeySource, master: &MasterKey, installation: &Installation) -> Result<Vault, OpenError> {
    Vault::open(master, installation).map_err(|DoesNotOpen| OpenError::WrongMasterKey(source.describe()))
}

impl MasterKeySource {
    fn describe(&self) -> String {
        match self {
            Self::Given(_) => "now given in the configuration".into(),
            Self::File(path) => format!("now read from {}", path.display()),
        }
    }

    fn existing(&self) -> Result<MasterKey, OpenError> {
        match self {
            Self::Given(master) => Ok(master.clone()),
            Self::File(path) => read_file(path)?.ok_or_else(|| OpenError::MasterKeyMissing(path.clone())),
        }
    }

    fn existing_or_new(&self, randomness: &dyn Randomness) -> Result<MasterKey, OpenError> {
        let path = match self {
            Self::Given(master) => return Ok(master.clone()),
            Self::File(path) => path,
        };
        if let Some(master) = read_file(path)? {
            return Ok(master);
        }
        let master = MasterKey::generate(randomness);
        match write_file(path, &master) {
            Ok(()) => Ok(master),
            // Another process made it in the meantime: both use that one.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                read_file(path)?.ok_or_else(|| OpenError::MasterKeyMissing(path.clone()))
            }
            Err(source) => Err(OpenError::MasterKeyFile { path: path.clone(), what: "made", source }),
        }
    }
}

fn read_file(path: &Path) -> Result<Option<MasterKey>, OpenError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = zeroize::Zeroizing::new(text);
            MasterKey::from_base64(&text).map(Some).ok_or_else(|| OpenError::MasterKeyUnreadable(path.to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::MasterKeyFile { path: path.to_owned(), what: "read", source }),
    }
}

/// Makes the file whole or not at all: it is written beside its place, synced,
/// and linked there, which fails if another one stands there already.
fn write_file(path: &Path, master: &MasterKey) -> std::io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let linked = writeln!(file, "{}", *master.to_base64())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&beside, path));
    std::fs::remove_file(&beside)?;
    linked
}
