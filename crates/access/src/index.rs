//! Every live key by the digest of its secret. Readers never wait; there is one
//! writer, the service, which applies changes in the order of the change log.

use std::{
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use keyward_domain::{
    Timestamp,
    api_key::{IndexedKey, Origin},
    budget::{Budget, BudgetState},
    cache::ProjectCache,
    id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId},
    limit::ProjectLimit,
    model::ModelMode,
    model_alias::ModelAlias,
    price_override::PriceBook,
    project::Project,
    secret::{KeyKind, Pepper, SecretDigest, recognise},
};
use papaya::HashMap;
use uuid::Uuid;

use crate::{
    AdminKeyEntry, Authenticated, BudgetEntry, CredentialEntry, KeyEntry, LimitEntry, PresentedKey, ProjectEntry,
    ProjectState, Refusal, budgets::ByHolder, caps::RequestCounter,
};

type ByDigest<T> = HashMap<SecretDigest, T, BuildHasherDefault<RandomHasher>>;
/// By an id that Keyward made.
type ById<K, T> = HashMap<K, T, BuildHasherDefault<RandomHasher>>;

/// All live keys, projects, credentials and admin keys.
#[derive(Debug)]
pub struct KeyIndex {
    pepper: Pepper,
    keys: ByDigest<Arc<KeyEntry>>,
    keys_by_id: ById<ApiKeyId, Arc<KeyEntry>>,
    projects: ById<ProjectId, Arc<ProjectEntry>>,
    admin_keys: ByDigest<Arc<AdminKeyEntry>>,
    admin_keys_by_id: HashMap<AdminKeyId, Arc<AdminKeyEntry>>,
    /// How many usable keys name each web origin.
    origins: HashMap<Origin, usize>,
    /// What organizations set prices of.
    prices: HashMap<OrganizationId, Arc<PriceBook>>,
    budgets: ByHolder,
}

impl KeyIndex {
    /// An index that knows no key.
    pub fn new(pepper: Pepper) -> Self {
        Self {
            pepper,
            keys: HashMap::default(),
            keys_by_id: HashMap::default(),
            projects: HashMap::default(),
            admin_keys: HashMap::default(),
            admin_keys_by_id: HashMap::new(),
            origins: HashMap::new(),
            prices: HashMap::new(),
            budgets: ByHolder::new(),
        }
    }

    /// Checks 1 to 3 for a project's API key.
    pub fn authenticate(&self, presented: &PresentedKey, now: Timestamp) -> Result<Authenticated, Refusal> {
        let authenticated = self.find(presented, now)?;
        authenticated.key.check_usable(now)?;
        Ok(authenticated)
    }

    /// The key of a secret that is good, also if the key or its project isn't: for
    /// whoever tells why a call was refused.
    pub fn known(&self, presented: &PresentedKey, now: Timestamp) -> Option<Arc<KeyEntry>> {
        self.find(presented, now).ok().map(|found| found.key)
    }

    /// Check 1.
    fn find(&self, presented: &PresentedKey, now: Timestamp) -> Result<Authenticated, Refusal> {
        match recognise(presented.text()) {
            Some(KeyKind::Project) => {}
            Some(KeyKind::Admin) => return Err(Refusal::ProjectKeyRequired),
            None => return Err(Refusal::InvalidKey),
        }
        self.find_digest(self.pepper.digest(presented.text()), now)
    }

    /// Whether a call that was let in before may still go on: asked again and
    /// again while a stream is in flight.
    pub fn recheck(&self, authenticated: &Authenticated, now: Timestamp) -> Result<(), Refusal> {
        self.find_digest(authenticated.digest, now)?.key.check_usable(now)
    }

    fn find_digest(&self, digest: SecretDigest, now: Timestamp) -> Result<Authenticated, Refusal> {
        let key = self.keys.pin().get(&digest).cloned().ok_or(Refusal::InvalidKey)?;
        let previous_secret = key.digest != digest;
        if previous_secret {
            // A secret whose overlap is over is as unknown as one that never was.
            match key.previous.as_deref() {
                Some((previous, end)) if *previous == digest && now < *end => {}
                _ => return Err(Refusal::InvalidKey),
            }
        }
        Ok(Authenticated { key, previous_secret, digest })
    }

    /// Lets in an admin key.
    pub fn authenticate_admin(&self, presented: &PresentedKey, now: Timestamp) -> Result<Arc<AdminKeyEntry>, Refusal> {
        match recognise(presented.text()) {
            Some(KeyKind::Admin) => {}
            // Only a project key that really opens something is told what it
            // can't do; all others stay strangers.
            Some(KeyKind::Project) => {
                return Err(self
                    .authenticate(presented, now)
                    .map_or_else(|refusal| refusal, |_| Refusal::AdminKeyRequired));
            }
            None => return Err(Refusal::InvalidKey),
        }
        let entry =
            self.admin_keys.pin().get(&self.pepper.digest(presented.text())).cloned().ok_or(Refusal::InvalidKey)?;
        if entry.expires_at.is_some_and(|end| end <= now) { Err(Refusal::KeyExpired) } else { Ok(entry) }
    }

    /// Whether any key that isn't disabled or revoked names this web origin: a
    /// browser asks before it sends a key.
    pub fn any_key_names_origin(&self, origin: &str) -> bool {
        self.origins.pin().contains_key(origin)
    }

    /// How many keys of projects are known.
    pub fn len(&self) -> usize {
        self.keys_by_id.len()
    }

    /// Whether no key is known.
    pub fn is_empty(&self) -> bool {
        self.keys_by_id.is_empty()
    }

    /// The project, if any call or change ever concerned it.
    pub fn project(&self, id: ProjectId) -> Option<Arc<ProjectEntry>> {
        self.projects.pin().get(&id).cloned()
    }

    /// Makes room for so many keys at once: growing little by little costs a start
    /// more.
    pub fn expect_keys(&self, count: u64) {
        let count = usize::try_from(count).unwrap_or(0);
        self.keys.pin().reserve(count);
        self.keys_by_id.pin().reserve(count);
    }

    /// Takes a key as it is now. `request_count` counts only when the key is
    /// new here: afterwards the index counts by itself.
    pub fn put_key(&self, key: impl Into<IndexedKey>, request_count: u64) {
        let key = key.into();
        let id = key.id;
        let known = self.keys_by_id.pin().get(&id).cloned();
        let counter = known
            .as_ref()
            .map_or_else(|| Arc::new(RequestCounter::starting_at(request_count)), |entry| entry.counter.clone());
        let project = self.project_entry(key.project, key.organization);
        let entry = Arc::new(KeyEntry::compile(key, project, counter, known.as_deref()));
        let keys = self.keys.pin();
        keys.insert(entry.digest, entry.clone());
        if let Some(previous) = entry.previous.as_deref() {
            keys.insert(previous.0, entry.clone());
        }
        for stale in known.iter().flat_map(|old| digests(old)) {
            if !digests(&entry).any(|digest| digest == stale) {
                keys.remove(&stale);
            }
        }
        self.count_origins(known.as_deref(), Some(&entry));
        self.keys_by_id.pin().insert(id, entry);
    }

    /// Forgets a deleted key.
    pub fn remove_key(&self, id: ApiKeyId) {
        if let Some(entry) = self.keys_by_id.pin().remove(&id) {
            let keys = self.keys.pin();
            for digest in digests(entry) {
                keys.remove(&digest);
            }
            self.count_origins(Some(entry), None);
        }
    }

    /// Takes a project as it is now; its credentials stay.
    pub fn put_project(&self, project: &Project) {
        let models = project.model_permissions.as_ref().map(|permissions| {
            let list = &permissions.model_ids;
            let matcher = match permissions.mode {
                ModelMode::AllowList => list.compile(),
                ModelMode::DenyList => list.compile_any_case(),
            };
            (permissions.mode, matcher)
        });
        self.change_project(project.id, project.organization, |state| {
            state.active = project.is_active();
            state.models = models.clone();
        });
    }

    /// Takes a project's credentials (its own and the inherited ones), in the
    /// order to be asked.
    pub fn put_credentials(
        &self,
        project: ProjectId,
        organization: OrganizationId,
        credentials: Vec<Arc<CredentialEntry>>,
    ) {
        let credentials: Arc<[_]> = credentials.into();
        self.change_project(project, organization, |state| state.credentials = credentials.clone());
    }

    /// Takes a project's model aliases as they are now.
    pub fn put_model_aliases(&self, project: ProjectId, organization: OrganizationId, aliases: Vec<ModelAlias>) {
        let by_name = aliases.into_iter().map(|alias| (alias.name.clone(), Arc::new(alias)));
        let aliases = Arc::new(by_name.collect());
        self.change_project(project, organization, |state| state.model_aliases = Arc::clone(&aliases));
    }

    /// Takes a project's limits as they are now.
    pub fn put_limits(&self, project: ProjectId, organization: OrganizationId, limits: &[ProjectLimit]) {
        self.change_project(project, organization, |state| {
            state.limits = limits.iter().map(|limit| LimitEntry::of_project(limit, &state.limits)).collect();
        });
    }

    /// Takes what is decided about a project's response cache, as it is now.
    pub fn put_cache(&self, project: ProjectId, organization: OrganizationId, cache: ProjectCache) {
        self.change_project(project, organization, |state| state.cache = cache);
    }

    /// Takes the prices that an organization sets, as they are now.
    pub fn put_prices(&self, organization: OrganizationId, book: PriceBook) {
        let prices = self.prices.pin();
        if book.is_empty() {
            prices.remove(&organization);
        } else {
            prices.insert(organization, Arc::new(book));
        }
    }

    /// The prices that an organization sets, if it sets any.
    pub fn prices(&self, organization: OrganizationId) -> Option<Arc<PriceBook>> {
        self.prices.pin().get(&organization).cloned()
    }

    /// Takes the budgets of a key, a project or an organization as they are now, in
    /// the order of their ids, each with what was stored of its count.
    pub fn put_budgets(&self, holder: Uuid, budgets: Vec<(Budget, BudgetState)>) {
        let all = self.budgets.pin();
        let known = all.get(&holder).cloned().unwrap_or_default();
        if budgets.is_empty() {
            all.remove(&holder);
        } else {
            let entry = |(budget, stored)| BudgetEntry::new(budget, stored, &known);
            all.insert(holder, budgets.into_iter().map(entry).collect());
        }
    }

    /// The budgets of a key, a project or an organization.
    pub fn budgets(&self, holder: Uuid) -> Arc<[Arc<BudgetEntry>]> {
        self.budgets.pin().get(&holder).cloned().unwrap_or_default()
    }

    /// The budgets that a key's calls have to be within, in the order of their ids.
    pub fn budgets_of(&self, key: &KeyEntry) -> Vec<Arc<BudgetEntry>> {
        let all = self.budgets.pin();
        if all.is_empty() {
            return Vec::new();
        }
        let holders = [key.id.uuid(), key.project.id.uuid(), key.project.organization.uuid()];
        let of_holder = |holder: &Uuid| all.get(holder).into_iter().flat_map(|budgets| budgets.iter().cloned());
        let mut budgets: Vec<_> = holders.iter().flat_map(of_holder).collect();
        budgets.sort_unstable_by_key(|entry| entry.budget.id);
        budgets
    }

    /// Takes an admin key as it is now.
    pub fn put_admin_key(&self, entry: AdminKeyEntry) {
        let entry = Arc::new(entry);
        self.admin_keys.pin().insert(entry.digest, entry.clone());
        self.admin_keys_by_id.pin().insert(entry.id, entry);
    }

    /// Forgets a deleted admin key.
    pub fn remove_admin_key(&self, id: AdminKeyId) {
        if let Some(entry) = self.admin_keys_by_id.pin().remove(&id) {
            self.admin_keys.pin().remove(&entry.digest);
        }
    }

    /// One key's origins instead of another's. Only the one writer counts.
    fn count_origins(&self, before: Option<&KeyEntry>, after: Option<&KeyEntry>) {
        let origins = self.origins.pin();
        for origin in after.map_or(&[][..], KeyEntry::origins_in_use) {
            origins.insert(origin.clone(), origins.get(origin).map_or(1, |count| count + 1));
        }
        for origin in before.map_or(&[][..], KeyEntry::origins_in_use) {
            match origins.get(origin).copied() {
                Some(count @ 2..) => origins.insert(origin.clone(), count - 1),
                _ => origins.remove(origin),
            };
        }
    }

    fn change_project(&self, id: ProjectId, organization: OrganizationId, change: impl Fn(&mut ProjectState)) {
        self.project_entry(id, organization).state.rcu(|state| {
            let mut next = ProjectState::clone(state);
            change(&mut next);
            next
        });
    }

    fn project_entry(&self, id: ProjectId, organization: OrganizationId) -> Arc<ProjectEntry> {
        let new = || Arc::new(ProjectEntry { id, organization, state: arc_swap::ArcSwap::default() });
        self.projects.pin().get_or_insert_with(id, new).clone()
    }
}

fn digests(entry: &KeyEntry) -> impl Iterator<Item = SecretDigest> {
    std::iter::once(entry.digest).chain(entry.previous.as_deref().map(|previous| previous.0))
}

/// What ends in random bytes needs no other hash: a digest does, under a secret
/// pepper, and an id (UUIDv7) does. Nobody outside chooses either, so nobody can aim
/// at a collision.
#[derive(Debug, Default)]
struct RandomHasher(u64);

impl Hasher for RandomHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some((_, last)) = bytes.split_last_chunk::<8>() {
            // Two bits of an id aren't random; they come out on top, where five others are left.
            self.0 = u64::from_be_bytes(*last);
        }
    }

    /// The length that a slice is hashed with says nothing.
    fn write_usize(&mut self, _: usize) {}
}
