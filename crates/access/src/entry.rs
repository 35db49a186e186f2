//! What the index knows of a key, a project, a credential and an admin key:
//! compiled once when it changes, read by every call.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use keyward_domain::{
    Timestamp,
    api_key::{IndexedKey, KeyAccess, KeyStatus, Origin},
    cache::ProjectCache,
    credential::Aliases,
    id::{AdminKeyId, ApiKeyId, CredentialId, OrganizationId, ProjectId, UserId},
    model::{ModelMatcher, ModelMode},
    model_alias::ModelAlias,
    organization::Email,
    permission::{Permission, PermissionSet},
    provider::Provider,
    secret::SecretDigest,
    weight::Weight,
};
use secrecy::SecretString;

use crate::{LimitEntry, LimitScope, Refusal, caps::RequestCounter};

/// A key, compiled. Replaced as a whole when the key changes; the counter is
/// carried over.
#[derive(Debug)]
pub struct KeyEntry {
    /// The key.
    pub id: ApiKeyId,
    /// Its project, shared by all keys of it.
    pub project: Arc<ProjectEntry>,
    /// Its lifetime request cap.
    pub max_requests: Option<u64>,
    /// Its calls so far.
    pub counter: Arc<RequestCounter>,
    pub(crate) digest: SecretDigest,
    pub(crate) previous: Option<Box<(SecretDigest, Timestamp)>>,
    expires_at: Option<Timestamp>,
    disabled: bool,
    revoked: bool,
    rules: Option<Box<Rules>>,
    pub(crate) limits: Option<Arc<LimitEntry>>,
}

/// The restrictions of a key that has any.
#[derive(Debug)]
struct Rules {
    permissions: PermissionSet,
    models: Option<ModelMatcher>,
    ips: Box<[IpNet]>,
    origins: Box<[Origin]>,
    require_origin: bool,
}

impl KeyEntry {
    /// `known` is what the key was before.
    pub(crate) fn compile(
        key: IndexedKey,
        project: Arc<ProjectEntry>,
        counter: Arc<RequestCounter>,
        known: Option<&Self>,
    ) -> Self {
        let access = key.access;
        let before = known.and_then(|known| known.limits.as_deref());
        let limits = LimitEntry::of_key(key.id.uuid(), access.limits, before);
        let rules = (access != KeyAccess::default()).then(|| {
            Box::new(Rules {
                permissions: access.permissions(),
                models: (!access.allowed_models.is_empty()).then(|| access.allowed_models.compile()),
                ips: access.allowed_ips.into(),
                origins: access.allowed_origins.into(),
                require_origin: access.require_origin,
            })
        });
        Self {
            id: key.id,
            project,
            max_requests: key.max_requests,
            counter,
            digest: key.digest,
            previous: key.previous.map(Box::new),
            expires_at: key.expires_at,
            disabled: key.disabled,
            revoked: key.revoked,
            rules,
            limits,
        }
    }

    /// Checks 2 and 3: the key's state and its project's.
    pub(crate) fn check_usable(&self, now: Timestamp) -> Result<(), Refusal> {
        match KeyStatus::of(self.revoked, self.disabled, self.expires_at, now) {
            KeyStatus::Revoked => Err(Refusal::KeyRevoked),
            KeyStatus::Disabled => Err(Refusal::KeyDisabled),
            KeyStatus::Expired => Err(Refusal::KeyExpired),
            KeyStatus::Active if !self.project.state.load().active => Err(Refusal::ProjectInactive),
            KeyStatus::Active => Ok(()),
        }
    }

    /// Check 4: where the request comes from. `origin` is its `Origin` header.
    pub fn check_origin(&self, address: IpAddr, origin: Option<&str>) -> Result<(), Refusal> {
        let Some(rules) = &self.rules else { return Ok(()) };
        if !rules.ips.is_empty() && !rules.ips.iter().any(|network| network.contains(&address)) {
            return Err(Refusal::IpNotAllowed);
        }
        match origin {
            None if rules.require_origin => Err(Refusal::OriginNotAllowed),
            Some(origin)
                if !rules.origins.is_empty() && !rules.origins.iter().any(|known| known.as_str() == origin) =>
            {
                Err(Refusal::OriginNotAllowed)
            }
            _ => Ok(()),
        }
    }

    /// Whether a browser on `origin` is named in the key's own list.
    pub fn names_origin(&self, origin: &str) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.origins.iter().any(|known| known.as_str() == origin))
    }

    /// The origins that a preflight may be answered for because of this key.
    pub(crate) fn origins_in_use(&self) -> &[Origin] {
        match &self.rules {
            Some(rules) if !self.disabled && !self.revoked => &rules.origins,
            _ => &[],
        }
    }

    /// Check 6: whether the key's scopes cover `permission`.
    pub fn check_scope(&self, permission: Permission) -> Result<(), Refusal> {
        match &self.rules {
            Some(rules) if !rules.permissions.contains(permission) => Err(Refusal::InsufficientPermissions(permission)),
            _ => Ok(()),
        }
    }

    /// Whether key or project say anything about models.
    pub fn restricts_models(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.models.is_some()) || self.project.state.load().models.is_some()
    }

    /// Whether any of the project's limits is one of certain models.
    pub fn limits_models(&self) -> bool {
        let state = self.project.state.load();
        state.limits.iter().any(|limit| matches!(limit.scope, LimitScope::Model(_)))
    }

    /// The limits that a call to the model that goes by all of `names` has to be
    /// within, in the order of their ids. An empty name is the provider's choice:
    /// it is held by the limits of all models.
    pub fn limits_of(&self, names: &[&str]) -> Vec<Arc<LimitEntry>> {
        let state = self.project.state.load();
        let of_project = state.limits.iter().filter(|limit| limit.holds(names));
        let mut limits: Vec<_> = self.limits.iter().chain(of_project).cloned().collect();
        limits.sort_unstable_by_key(|limit| limit.id);
        limits
    }

    /// Whether key and project may use the model that goes by all of `names`
    /// (alias, bare name, `provider/model`). An allow-list takes any of the
    /// names, a deny-list refuses any.
    pub fn may_use_model(&self, names: &[&str]) -> bool {
        let by_key =
            self.rules.as_ref().and_then(|rules| rules.models.as_ref()).is_none_or(|models| models.matches_any(names));
        by_key
            && match &self.project.state.load().models {
                None => true,
                Some((ModelMode::AllowList, models)) => models.matches_any(names),
                Some((ModelMode::DenyList, models)) => !models.matches_any(names),
            }
    }
}

/// A project; what changes about it stands behind `state`.
#[derive(Debug)]
pub struct ProjectEntry {
    /// The project.
    pub id: ProjectId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its present state.
    pub state: ArcSwap<ProjectState>,
}

/// The changing part of a project. The default is inactive: deny first.
#[derive(Debug, Clone, Default)]
pub struct ProjectState {
    /// Whether its calls are let through.
    pub active: bool,
    /// Which models it may use.
    pub models: Option<(ModelMode, ModelMatcher)>,
    /// Its credentials and the inherited ones, in the order to be asked:
    /// by priority, its own first, older first.
    pub credentials: Arc<[Arc<CredentialEntry>]>,
    /// Its own names for models.
    pub model_aliases: Arc<HashMap<String, Arc<ModelAlias>>>,
    /// Its limits.
    pub limits: Arc<[Arc<LimitEntry>]>,
    /// What is decided about its response cache.
    pub cache: ProjectCache,
}

/// A credential with its secret, ready for use.
#[derive(Debug)]
pub struct CredentialEntry {
    /// The credential.
    pub id: CredentialId,
    /// Rises with every change of it.
    pub version: i64,
    /// Who is called with it.
    pub provider: Provider,
    /// Where; `None` for the built-in provider.
    pub base_url: Option<String>,
    /// The provider's secret.
    pub secret: Option<SecretString>,
    /// Names that callers may use → the provider's models.
    pub aliases: Aliases,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among equals.
    pub weight: Weight,
    /// Whether it is the organization's: of the same priority, a project's own
    /// come first.
    pub inherited: bool,
}

/// An admin key, compiled.
#[derive(Debug, Clone)]
pub struct AdminKeyEntry {
    /// The key.
    pub id: AdminKeyId,
    /// What it opens.
    pub organization: OrganizationId,
    /// In whose name it acts.
    pub owner: UserId,
    /// That user's address.
    pub owner_email: Email,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    pub(crate) digest: SecretDigest,
}

impl AdminKeyEntry {
    /// Compiles a key and its owner's address.
    pub fn new(key: &keyward_domain::admin_key::AdminKey, owner_email: Email) -> Self {
        Self {
            id: key.id,
            organization: key.organization,
            owner: key.owner,
            owner_email,
            expires_at: key.expires_at,
            digest: key.digest,
        }
    }
}

/// A key that was let in by checks 1 to 3.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The key.
    pub key: Arc<KeyEntry>,
    /// Whether its previous secret was used, in the overlap after a rotation.
    pub previous_secret: bool,
    pub(crate) digest: SecretDigest,
}
