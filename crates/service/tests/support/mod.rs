//! A Keyward for tests of use cases: a fresh SQLite database in a directory of
//! its own, a clock that moves only when the test moves it, and random bytes
//! that only count, so that every run is the same.

// Each test file takes what it needs of this.
#![allow(dead_code, reason = "shared by several test programs, none of which uses all of it")]

pub mod links;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderMap;
use keyward_access::{Authenticated, CredentialEntry, Refusal, presented_key};
use keyward_domain::{
    Clock, Name, Randomness, Timestamp,
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    api_key::{KeyAccess, KeyDraft},
    clock::{from_millis, to_millis},
    credential::Aliases,
    id::{OrganizationId, ProjectId, SessionId, UserId},
    organization::{Email, Organization, User},
    permission::Permission,
    project::Project,
    provider::Provider,
    role::{BuiltIn, Scope},
    secret::KeySecret,
    weight::Weight,
};
use keyward_service::{
    Keyward, MasterKeySource, Parts,
    api_key::{self, CreateApiKey, RevealedApiKey},
    credential::NewCredential,
    idempotency::Idempotency,
    open, project,
};
use keyward_store::{
    Pool,
    role_assignment::{self, Assignment, Principal},
    session::{self, Session},
};
use keyward_telemetry::journal::{Journal, JournalOptions};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use uuid::Uuid;

/// A clock that stands until it is moved.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_millis(self.0.load(Ordering::Acquire))
    }
}

/// Bytes that are different at each call and the same in each run.
pub struct CountingRandomness(AtomicU64);

impl Randomness for CountingRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// An open installation with one organization, and what it stands on.
pub struct House {
    /// What is tested.
    pub keyward: Keyward,
    /// Its database, for looking behind its back.
    pub pool: Pool,
    /// Its time; begins at 2026-01-01T00:00:00Z.
    pub clock: Arc<ManualClock>,
    /// Its source of randomness; goes on counting when the house is opened again.
    pub randomness: Arc<CountingRandomness>,
    /// The first organization.
    pub organization: OrganizationId,
    /// Its usage journal, if it serves calls.
    pub journal: Option<Arc<Journal>>,
    directory: TempDir,
}

impl House {
    /// Sets an installation up.
    pub async fn new() -> Self {
        Self::set_up(false).await
    }

    /// Sets an installation up that serves calls: with a usage journal.
    pub async fn serving() -> Self {
        Self::set_up(true).await
    }

    async fn set_up(serving: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock(AtomicI64::new(1_767_225_600_000)));
        let randomness = Arc::new(CountingRandomness(AtomicU64::new(1)));
        let journal = serving.then(|| open_journal(directory.path()));
        let (keyward, pool) = open_in(directory.path(), &clock, &randomness, journal.clone()).await;
        let organization = add_organization(&keyward, &pool, &randomness, "First").await;
        Self { keyward, pool, clock, randomness, organization, journal, directory }
    }

    /// The same installation after a restart without a farewell: everything is
    /// read again.
    pub async fn reopened(self) -> Self {
        self.pool.close().await;
        let Self { keyward, clock, randomness, organization, journal, directory, .. } = self;
        let serving = journal.is_some();
        drop((keyward, journal));
        let journal = serving.then(|| open_journal(directory.path()));
        let (keyward, pool) = open_in(directory.path(), &clock, &randomness, journal.clone()).await;
        Self { keyward, pool, clock, randomness, organization, journal, directory }
    }

    /// A second Keyward on the same database: another node.
    pub async fn neighbour(&self) -> Keyward {
        open_parts(self.pool.clone(), self.directory.path(), &self.clock, &self.randomness, None).await
    }

    /// The owner of the first organization, through an admin key.
    pub fn owner(&self) -> Actor {
        owner_of(self.organization)
    }

    /// Somebody of the first organization who holds just these permissions.
    pub fn holder_of(&self, permissions: &[Permission]) -> Actor {
        actor(self.organization, Access::of(permissions.iter().copied().collect(), Scope::Organization))
    }

    /// The owner of another organization, made for the purpose.
    pub async fn stranger(&self, organization: &str) -> Actor {
        let organization = add_organization(&self.keyward, &self.pool, &self.randomness, organization).await;
        owner_of(organization)
    }

    /// An active project of the first organization.
    pub async fn project(&self, name: &str) -> Project {
        self.project_of(&self.owner(), name).await
    }

    /// An active project of the actor's organization.
    pub async fn project_of(&self, actor: &Actor, name: &str) -> Project {
        let command = project::CreateProject {
            name: self::name(name),
            description: String::new(),
            model_permissions: None,
            credential: None,
            idempotency: None,
        };
        project::create(&self.keyward, actor, command).await.unwrap().project
    }

    /// A new key of a project, without any restriction.
    pub async fn api_key(&self, project: ProjectId, name: &str) -> RevealedApiKey {
        let command = CreateApiKey { project, draft: draft(name), idempotency: None };
        api_key::create(&self.keyward, &self.owner(), command).await.unwrap()
    }

    /// Whether the text of a key opens the gateway now.
    pub fn authenticate(&self, key: &KeySecret) -> Result<Authenticated, Refusal> {
        authenticate(&self.keyward, key)
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Every byte that the database has on disk, for looking for what must not
    /// be there.
    pub fn database_bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path());
        let of_database = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("keyward.db"));
        of_database.flat_map(|path| std::fs::read(path).unwrap()).collect()
    }
}

/// Whether the text of a key opens a node's gateway now.
pub fn authenticate(keyward: &Keyward, key: &KeySecret) -> Result<Authenticated, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", key.expose().parse().unwrap());
    keyward.index().authenticate(&presented_key(&headers).unwrap(), keyward.now())
}

/// A key without any restriction.
pub fn draft(text: &str) -> KeyDraft {
    KeyDraft {
        name: name(text),
        expires_at: None,
        max_requests: None,
        access: KeyAccess::default(),
        environment: None,
        metadata: BTreeMap::new(),
    }
}

/// A valid name.
pub fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

/// An idempotency key for a request whose content is `request`.
pub fn idempotency(key: &str, request: u8) -> Option<Idempotency> {
    Some(Idempotency { key: key.into(), request_hash: [request; 32] })
}

/// A credential of OpenAI's with that secret, and nothing else said.
pub fn new_credential(secret: &str) -> NewCredential {
    NewCredential {
        provider: Provider::OpenAi,
        name: None,
        base_url: None,
        api_key: Some(secret.into()),
        aliases: Aliases::default(),
        priority: 0,
        weight: Weight::default(),
    }
}

/// What calls of a project's keys are made with, in the order to be asked.
pub fn used_by(keyward: &Keyward, project: ProjectId) -> Vec<Arc<CredentialEntry>> {
    keyward.index().project(project).unwrap().state.load().credentials.to_vec()
}

/// The secret that calls show to the provider.
pub fn secret_of(credential: &CredentialEntry) -> Option<&str> {
    credential.secret.as_ref().map(ExposeSecret::expose_secret)
}

/// Whether `needle` stands in `haystack`.
pub fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// The owner of `organization`, signed in.
pub fn owner_of(organization: OrganizationId) -> Actor {
    let session = Some(SessionId::from_uuid(organization.uuid()));
    let identity = Identity::User { id: UserId::from_uuid(organization.uuid()), email: email(organization), session };
    Actor { identity, ..actor(organization, Access::owner()) }
}

/// The first user of `organization`, on the way in: they may do what is said
/// here and nothing else.
pub fn actor(organization: OrganizationId, access: Access) -> Actor {
    let identity =
        Identity::User { id: UserId::from_uuid(organization.uuid()), email: email(organization), session: None };
    Actor { organization, identity, access, origin: RequestOrigin::default() }
}

fn email(organization: OrganizationId) -> Email {
    Email::parse("email", &format!("owner@{}.example", organization.uuid().simple())).unwrap()
}

async fn open_in(
    directory: &Path,
    clock: &Arc<ManualClock>,
    randomness: &Arc<CountingRandomness>,
    journal: Option<Arc<Journal>>,
) -> (Keyward, Pool) {
    let pool = Pool::open_sqlite(&directory.join("keyward.db")).await.unwrap();
    (open_parts(pool.clone(), directory, clock, randomness, journal).await, pool)
}

fn open_journal(directory: &Path) -> Arc<Journal> {
    // Small files, so that tests see them come and go.
    let options = JournalOptions { segment_bytes: 4096, ..JournalOptions::new(Uuid::from_u128(7)) };
    Arc::new(Journal::open(&directory.join("journal"), options).unwrap())
}

async fn open_parts(
    pool: Pool,
    directory: &Path,
    clock: &Arc<ManualClock>,
    randomness: &Arc<CountingRandomness>,
    journal: Option<Arc<Journal>>,
) -> Keyward {
    let master_key = MasterKeySource::File(directory.join("master.key"));
    open(Parts {
        pool,
        master_key,
        clock: clock.clone(),
        randomness: randomness.clone(),
        journal,
        public_url: "https://keyward.test".into(),
    })
    .await
    .unwrap()
}

/// Makes an organization and its owner, who is the user that [`actor`] acts for.
async fn add_organization(
    keyward: &Keyward,
    pool: &Pool,
    randomness: &CountingRandomness,
    name: &str,
) -> OrganizationId {
    let now = keyward.now();
    let id = OrganizationId::generate(keyward.ids(), &Standing(now), randomness);
    let organization = Organization { id, name: self::name(name), created_at: now };
    let owner = User { id: UserId::from_uuid(id.uuid()), email: email(id), name: self::name("Owner"), created_at: now };
    let mut transaction = pool.begin().await.unwrap();
    let conn = &mut transaction.conn();
    keyward_store::organization::insert(conn, &organization).await.unwrap();
    keyward_store::organization::insert_user(conn, &owner).await.unwrap();
    keyward_store::organization::insert_member(conn, id, owner.id, to_millis(now)).await.unwrap();
    let owns = Assignment {
        principal: Principal::User(owner.id),
        scope: Scope::Organization,
        role: BuiltIn::OrganizationOwner.id(),
        source: None,
        created_by: None,
        created_at: to_millis(now),
    };
    role_assignment::insert(conn, id, &owns).await.unwrap();
    let session = session_of(SessionId::from_uuid(id.uuid()), owner.id, id, now);
    session::insert(conn, &session, id.uuid().as_bytes()).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

/// A session of `user`: however far a test moves the clock, they stay signed in.
pub fn session_of(id: SessionId, user: UserId, organization: OrganizationId, now: Timestamp) -> Session {
    Session {
        id,
        user,
        organization,
        sso_provider: None,
        created_at: now,
        last_seen_at: Timestamp::MAX,
        expires_at: Timestamp::MAX,
        ip: None,
        user_agent: None,
    }
}

struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}
