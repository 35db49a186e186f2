//! A project's API key as it is answered: the specification's fields, then
//! Keyward's.

use std::collections::BTreeMap;

use keyward_domain::{
    Timestamp,
    api_key::{ApiKey, Creator},
    id::ProjectId,
    money::dollars,
    permission::Permission,
    role::Scope,
    secret::{KeyKind, redacted},
};
use keyward_service::api_key::{ApiKeyDetails, KeyOwner, RevealedApiKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    budgets::KeyBudgetObject,
    limits::LimitsObject,
    list::HasId,
    reveal::{Reveal, Shown},
};

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyObject {
    /// Always `organization.project.api_key`.
    pub object: &'static str,
    /// Its id; stays when it is rotated.
    pub id: String,
    /// What it is for; unique among the project's live keys.
    pub name: String,
    /// `sk-project-...` and its last four characters.
    pub redacted_value: String,
    /// The key itself: only in the answer to its creation or rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub value: Option<Shown>,
    /// `active`, `disabled`, `expired` or `revoked`.
    pub status: &'static str,
    /// Whose it is.
    pub owner: OwnerObject,
    /// Whether its owner can still come into the project; the key works either way.
    pub owner_project_access: &'static str,
    /// What it was made with.
    pub created_by: CreatorObject,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// When it stops working, in Unix seconds; null: never.
    pub expires_at: Option<i64>,
    /// The last call, in Unix seconds.
    pub last_used_at: Option<i64>,
    /// Where the last call came from.
    pub last_used_ip: Option<String>,
    /// How many calls it may make in its life; null: any number.
    pub max_requests: Option<u64>,
    /// Calls sent to a provider.
    pub request_count: u64,
    /// Calls answered from the project's cache; they aren't among the others.
    pub cached_count: u64,
    /// Tokens used.
    pub usage: UsageObject,
    /// Data permissions; empty: all of them.
    pub scopes: Vec<&'static str>,
    /// Models or globs, within what the project allows; empty: all of those.
    pub allowed_models: Vec<String>,
    /// Client networks; empty: all.
    pub allowed_ips: Vec<String>,
    /// Web origins; empty: all.
    pub allowed_origins: Vec<String>,
    /// Whether a request without an `Origin` is refused.
    pub require_origin: bool,
    /// How often it may be used, within what the project allows.
    pub limits: LimitsObject,
    /// What its calls may cost, and how that stands; null: as much as the project may.
    pub budget: Option<KeyBudgetObject>,
    /// A label such as `production`.
    pub environment: Option<String>,
    /// Free pairs of text.
    pub metadata: BTreeMap<String, String>,
    /// The secret before the last rotation, while it still works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<PreviousSecretObject>,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

/// Whose a key is.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnerObject {
    /// `user` or `service_account`.
    pub r#type: &'static str,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<OwnerUserObject>,
    /// The service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<OwnerServiceAccountObject>,
}

/// The service account whose a key is.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnerServiceAccountObject {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Always `member`: a service account administers nothing.
    pub role: &'static str,
}

/// The user whose a key is.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnerUserObject {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// When the account was made, in Unix seconds.
    pub created_at: i64,
    /// What they are in the project now: `owner` if they may change it, else
    /// `member`; `none` once they have left.
    pub role: &'static str,
}

impl OwnerObject {
    fn new(owner: KeyOwner, project: ProjectId) -> Self {
        match owner {
            KeyOwner::User { user, access } => {
                let role = if access.holds(Permission::ProjectUpdate, Scope::Project(project)) {
                    "owner"
                } else if access.sees(project) {
                    "member"
                } else {
                    "none"
                };
                let user = OwnerUserObject {
                    id: user.id.to_string(),
                    email: user.email.to_string(),
                    name: user.name.to_string(),
                    created_at: user.created_at.as_second(),
                    role,
                };
                Self { r#type: "user", user: Some(user), service_account: None }
            }
            KeyOwner::ServiceAccount(account) => {
                let account = OwnerServiceAccountObject {
                    id: account.id.to_string(),
                    name: account.name.to_string(),
                    created_at: account.created_at.as_second(),
                    role: "member",
                };
                Self { r#type: "service_account", user: None, service_account: Some(account) }
            }
            KeyOwner::Nobody => Self { r#type: "user", user: None, service_account: None },
        }
    }

    /// Whether the owner can still come into the project.
    fn has_access(&self) -> bool {
        self.service_account.is_some() || self.user.as_ref().is_some_and(|user| user.role != "none")
    }
}

/// What a key was made with.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatorObject {
    /// `admin_key`, `user`, or `system` for Keyward itself.
    pub r#type: &'static str,
    /// The admin key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In whose name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl From<Creator> for CreatorObject {
    fn from(creator: Creator) -> Self {
        Self {
            r#type: match (creator.admin_key, creator.user) {
                (Some(_), _) => "admin_key",
                (None, Some(_)) => "user",
                (None, None) => "system",
            },
            id: creator.admin_key.map(|id| id.to_string()),
            user_id: creator.user.map(|id| id.to_string()),
        }
    }
}

/// What a key used.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageObject {
    /// Read by models.
    pub input_tokens: u64,
    /// Written by models.
    pub output_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// What its calls cost, in decimal dollars; calls whose cost nobody knows
    /// aren't in it.
    pub cost: String,
    /// The same in nanodollars.
    pub cost_nanos: i64,
}

/// A secret that was rotated out and still works.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviousSecretObject {
    /// `sk-project-...` and its last four characters.
    pub redacted_value: String,
    /// When it dies, in Unix seconds.
    pub expires_at: i64,
    /// Its last use since the rotation, in Unix seconds.
    pub last_used_at: Option<i64>,
}

impl HasId for ApiKeyObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl ApiKeyObject {
    /// A key as it is at `now`.
    pub fn new(details: ApiKeyDetails, now: Timestamp) -> Self {
        let ApiKeyDetails { key, usage, owner, spending } = details;
        let (redacted_value, status) = (key.redacted_value(), key.status(now).as_str());
        let owner = OwnerObject::new(owner, key.project);
        let ApiKey { id, name, created_by, access, previous, .. } = key;
        Self {
            object: "organization.project.api_key",
            id: id.to_string(),
            name: name.to_string(),
            redacted_value,
            value: None,
            status,
            owner_project_access: if owner.has_access() { "active" } else { "inactive" },
            owner,
            created_by: created_by.into(),
            created_at: key.created_at.as_second(),
            updated_at: key.updated_at.as_second(),
            expires_at: key.expires_at.map(|at| at.as_second()),
            last_used_at: usage.last_used_at.map(|at| at.as_second()),
            last_used_ip: usage.last_used_ip.map(|ip| ip.to_string()),
            max_requests: key.max_requests,
            request_count: usage.request_count,
            cached_count: usage.cached_count,
            usage: UsageObject {
                input_tokens: usage.input_tokens,
                output_tokens: usage.output_tokens,
                total_tokens: usage.input_tokens.saturating_add(usage.output_tokens),
                cost: dollars(usage.cost_nanos),
                cost_nanos: usage.cost_nanos,
            },
            scopes: access.scopes.iter().map(|scope| scope.as_str()).collect(),
            allowed_models: access.allowed_models.as_slice().to_vec(),
            allowed_ips: access.allowed_ips.iter().map(ToString::to_string).collect(),
            allowed_origins: access.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            require_origin: access.require_origin,
            limits: access.limits.into(),
            budget: access.budget.map(|terms| KeyBudgetObject::new(&terms, spending.unwrap_or_default())),
            environment: key.environment,
            metadata: key.metadata,
            previous_secret: previous.filter(|previous| now < previous.expires_at).map(|previous| {
                PreviousSecretObject {
                    redacted_value: redacted(KeyKind::Project, &previous.last_four),
                    expires_at: previous.expires_at.as_second(),
                    last_used_at: usage.previous_last_used_at.map(|at| at.as_second()),
                }
            }),
            version: key.version,
        }
    }

    /// A key with its secret.
    pub fn revealed(revealed: RevealedApiKey, now: Timestamp) -> Reveal<Self> {
        Reveal(Self { value: Some(Shown(revealed.secret)), ..Self::new(revealed.details, now) })
    }
}
