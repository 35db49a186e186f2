//! A gateway with one organization, one project and any keys, over a journal in
//! a directory of its own. Time stands still unless a test moves it.

mod aliases;
mod client;
mod decided;
mod kept;
mod provider;
mod setup;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use http_body_util::{BodyExt as _, Full};
use jiff::Timestamp;
use keyward_access::{Budgets, CredentialEntry, KeyIndex, RateLimits, RequestCaps};
use keyward_domain::{
    Clock, Name, Randomness,
    api_key::{ApiKey, Creator, KeyAccess, KeyDraft},
    cache::ProjectCache,
    credential::Aliases,
    id::{ApiKeyId, CredentialId, IdSource, LimitId, OrganizationId, ProjectId},
    limit::{Limits, ProjectLimit},
    model::ModelPermissions,
    project::Project,
    provider::Provider,
    secret::{KeyKind, KeySecret, Pepper},
    weight::Weight,
};
use keyward_gateway::{Gateway, GatewayParts, Metrics, Running, StartError};
use keyward_provider::http::Tls;
use keyward_telemetry::journal::{Journal, JournalOptions, Position, UsageRecord};
use uuid::Uuid;

pub use client::{Answer, Client, within};
pub use decided::Decided;
pub use kept::Kept;
pub use provider::{Exchange, TestProvider};
pub use setup::Setup;

pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct TestRandomness(AtomicU64);

impl Randomness for TestRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A key and its secret.
pub struct TestKey {
    pub key: ApiKey,
    pub secret: KeySecret,
}

impl TestKey {
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.secret.expose())
    }
}

pub struct Gate {
    pub index: Arc<KeyIndex>,
    pub clock: Arc<TestClock>,
    pub journal: Arc<Journal>,
    pub journal_directory: PathBuf,
    pub address: SocketAddr,
    /// Whose the providers' resources are.
    pub kept: Arc<Kept>,
    /// What was decided about calls.
    pub decided: Decided,
    running: Option<Running>,
    pepper: Pepper,
    randomness: Arc<TestRandomness>,
    ids: AtomicU64,
    pub project: Project,
    _directory: tempfile::TempDir,
}

impl Gate {
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    pub fn start_with(setup: Setup) -> Self {
        Self::try_start(setup).unwrap()
    }

    pub fn try_start(setup: Setup) -> Result<Self, StartError> {
        let directory = tempfile::tempdir().unwrap();
        let journal_directory = directory.path().join("journal");
        let options = JournalOptions::new(Uuid::from_u128(7));
        let journal = Arc::new(Journal::open(&journal_directory, options).unwrap());
        let pepper = Pepper::new([9; 32]);
        let index = Arc::new(KeyIndex::new(pepper.clone()));
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000)));
        let randomness = Arc::new(TestRandomness(AtomicU64::new(1)));
        let kept = Arc::new(Kept::default());
        let decided = Decided::new(setup.options.cores);
        let parts = GatewayParts {
            index: Arc::clone(&index),
            caps: setup.shared_caps.map_or(RequestCaps::Local, RequestCaps::Shared),
            limits: setup.shared_limits.map_or(RateLimits::Local, RateLimits::Shared),
            budgets: setup.shared_budgets.map_or(Budgets::Local, Budgets::Shared),
            resources: kept.clone(),
            journal: Arc::clone(&journal),
            decisions: setup.keeps_decisions.then(|| Arc::clone(&decided.log)),
            prices: Arc::default(),
            clock: clock.clone(),
            ids: Arc::new(IdSource::default()),
            randomness: randomness.clone(),
            tls: Tls::with_roots(tokio_rustls_roots()),
            certificate: setup.certificate,
            control: Arc::new(|request, info, id| {
                Box::pin(async move {
                    if request.uri().path() == "/panic" {
                        panic!("as asked");
                    }
                    if request.uri().path() == "/body" {
                        let read = request.into_body().collect().await;
                        let text = read.map_or_else(|error| format!("{:?}", error.kind()), |_| "read".into());
                        return http::Response::new(Full::from(text).map_err(|never| match never {}).boxed_unsync());
                    }
                    let text = format!("control {} {} {} {id}", request.method(), request.uri(), info.client);
                    http::Response::new(Full::from(text).map_err(|never| match never {}).boxed_unsync())
                })
            }),
        };
        let running = Gateway::start(parts, setup.options)?;
        let now = clock.now();
        let project = Project {
            id: ProjectId::from_uuid(Uuid::from_u128(2)),
            organization: OrganizationId::from_uuid(Uuid::from_u128(1)),
            name: Name::parse("name", "P").unwrap(),
            description: String::new(),
            deactivated_at: None,
            model_permissions: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        index.put_project(&project);
        Ok(Self {
            index,
            clock,
            journal,
            journal_directory,
            address: running.local_address(),
            kept,
            decided,
            running: Some(running),
            pepper,
            randomness,
            ids: AtomicU64::new(100),
            project,
            _directory: directory,
        })
    }

    /// A gateway with one OpenAI-compatible provider and one key.
    pub async fn with_provider() -> (Self, TestProvider, TestKey) {
        let gate = Self::start();
        let provider = TestProvider::start().await;
        gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
        let key = gate.key();
        (gate, provider, key)
    }

    /// The same with a provider that speaks Anthropic's dialect.
    pub async fn with_anthropic() -> (Self, TestProvider, TestKey) {
        let gate = Self::start();
        let provider = TestProvider::start().await;
        let entry = CredentialEntry { base_url: Some(provider.origin()), ..gate.bare_credential(Provider::Anthropic) };
        gate.put_credentials(vec![Arc::new(entry)]);
        let key = gate.key();
        (gate, provider, key)
    }

    fn next_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn key(&self) -> TestKey {
        self.key_with(None, KeyAccess::default())
    }

    pub fn key_with(&self, max_requests: Option<u64>, access: KeyAccess) -> TestKey {
        let secret = KeySecret::generate(KeyKind::Project, &*self.randomness);
        let draft = KeyDraft {
            name: Name::parse("name", "key").unwrap(),
            expires_at: None,
            max_requests,
            access,
            environment: None,
            metadata: BTreeMap::new(),
        };
        let place = (self.project.organization, self.project.id);
        let creator = Creator { admin_key: None, user: None };
        let id = ApiKeyId::from_uuid(self.next_id());
        let key = draft.into_key(id, place, creator, &secret, &self.pepper, self.clock.now());
        self.index.put_key(&key, 0);
        TestKey { key, secret }
    }

    /// Changes a key, as the service would.
    pub fn change(&self, key: &mut TestKey, change: impl FnOnce(&mut ApiKey)) {
        change(&mut key.key);
        self.index.put_key(&key.key, 0);
    }

    pub fn admin_secret(&self) -> KeySecret {
        KeySecret::generate(KeyKind::Admin, &*self.randomness)
    }

    pub fn unknown_secret(&self) -> KeySecret {
        KeySecret::generate(KeyKind::Project, &*self.randomness)
    }

    pub fn set_project(&self, active: bool, models: Option<ModelPermissions>) {
        let mut project = self.project.clone();
        project.deactivated_at = (!active).then(|| self.clock.now());
        project.model_permissions = models;
        self.index.put_project(&project);
    }

    /// Gives the project limits: for the models of a name, or for all.
    pub fn set_limits(&self, limits: &[(Option<&str>, Limits)]) {
        let now = self.clock.now();
        let limit = |(number, (model, limits)): (usize, &(Option<&str>, Limits))| ProjectLimit {
            id: LimitId::from_uuid(Uuid::from_u128(50 + number as u128)),
            organization: self.project.organization,
            project: self.project.id,
            model: model.map(str::to_owned),
            limits: *limits,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let limits: Vec<_> = limits.iter().enumerate().map(limit).collect();
        self.index.put_limits(self.project.id, self.project.organization, &limits);
    }

    /// Decides about the project's response cache.
    pub fn set_cache(&self, cache: ProjectCache) {
        self.index.put_cache(self.project.id, self.project.organization, cache);
    }

    /// A key of another project of the same organization, which has the same
    /// credentials and the same cache settings.
    pub fn foreign_key(&self, credentials: Vec<Arc<CredentialEntry>>, cache: ProjectCache) -> TestKey {
        let project = Project { id: ProjectId::from_uuid(Uuid::from_u128(3)), ..self.project.clone() };
        self.index.put_project(&project);
        self.index.put_credentials(project.id, project.organization, credentials);
        self.index.put_cache(project.id, project.organization, cache);
        let mut key = self.key();
        key.key.project = project.id;
        self.index.remove_key(key.key.id);
        self.index.put_key(&key.key, 0);
        key
    }

    pub fn bare_credential(&self, provider: Provider) -> CredentialEntry {
        CredentialEntry {
            id: CredentialId::from_uuid(self.next_id()),
            version: 1,
            provider,
            base_url: provider.default_base_url().map(str::to_owned),
            secret: Some("provider-secret".into()),
            aliases: Aliases::default(),
            priority: 0,
            weight: Weight::default(),
            inherited: false,
        }
    }

    /// A credential whose provider is the scripted one, OpenAI's way.
    pub fn credential(&self, provider: Provider, at: &TestProvider) -> Arc<CredentialEntry> {
        self.credential_with(provider, at, &[])
    }

    pub fn credential_with(
        &self,
        provider: Provider,
        at: &TestProvider,
        aliases: &[(&str, &str)],
    ) -> Arc<CredentialEntry> {
        let base_url = match provider {
            Provider::Anthropic => at.origin(),
            _ => format!("{}/v1", at.origin()),
        };
        let aliases = aliases.iter().map(|(alias, model)| ((*alias).to_owned(), (*model).to_owned())).collect();
        Arc::new(CredentialEntry {
            base_url: Some(base_url),
            aliases: Aliases(aliases),
            ..self.bare_credential(provider)
        })
    }

    pub fn put_credentials(&self, credentials: Vec<Arc<CredentialEntry>>) {
        self.index.put_credentials(self.project.id, self.project.organization, credentials);
    }

    pub async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One call on a connection of its own.
    pub async fn post(&self, key: &TestKey, path: &str, body: &str) -> Answer {
        self.connect().await.post(path, &[("authorization", &key.bearer())], body).await
    }

    pub async fn chat(&self, key: &TestKey) -> Answer {
        self.post(key, "/v1/chat/completions", CHAT).await
    }

    /// All records of the journal so far.
    pub fn records(&self) -> Vec<UsageRecord> {
        let batch = self.journal.read_from(Position::START, 100_000).unwrap();
        assert_eq!(batch.damage, []);
        batch.records
    }

    /// Waits for the journal to hold so many records; for what ends without
    /// anybody being told.
    pub async fn records_when(&self, count: usize) -> Vec<UsageRecord> {
        loop {
            let records = self.records();
            if records.len() >= count {
                return records;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    pub fn metrics(&self) -> Metrics {
        self.running.as_ref().unwrap().metrics().clone()
    }

    pub fn shutdown(&self) {
        self.running.as_ref().unwrap().shutdown();
    }

    /// Stops and waits for all threads.
    pub async fn join(&mut self) {
        let running = self.running.take().unwrap();
        running.shutdown();
        tokio::task::spawn_blocking(move || running.join()).await.unwrap();
    }
}

fn tokio_rustls_roots() -> tokio_rustls::rustls::RootCertStore {
    tokio_rustls::rustls::RootCertStore::empty()
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.shutdown();
        }
    }
}

pub const CHAT: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"#;
pub const CHAT_STREAM: &str = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;
pub const CHAT_ANSWER: &str = r#"{"id":"c1","object":"chat.completion","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#;
