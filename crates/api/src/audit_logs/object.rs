//! An audit event as it is answered: the specification's fields, then
//! Keyward's.

use std::collections::BTreeMap;

use keyward_domain::{audit::AuditActor, hex::to_hex};
use keyward_service::audit::AuditRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::list::HasId;

/// An audit event.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogObject {
    /// Always `organization.audit_log`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What happened, such as `api_key.created`.
    pub r#type: String,
    /// When it happened, in Unix seconds.
    pub effective_at: i64,
    /// The project that it was done in; absent for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<AuditLogProject>,
    /// Who did it.
    pub actor: AuditLogActor,
    /// What was done to what, under the name of the event's type.
    #[serde(flatten)]
    pub details: BTreeMap<String, AuditLogDetails>,
    /// Its place in the organization's chain, from 1, without gaps.
    pub sequence: i64,
    /// `success`, `denied` or `failed`.
    pub outcome: &'static str,
    /// What changed, before; secrets are never part of it.
    pub before: Value,
    /// What changed, after.
    pub after: Value,
    /// Ids of what it was done to.
    pub targets: Vec<String>,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request, as its answer's `x-request-id` named it.
    pub request_id: Option<String>,
    /// Its link of the chain, in hexadecimal.
    pub hash: String,
}

/// A project as it was called at that time.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogProject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogActor {
    /// `session` for a user, `api_key` for an admin key, or `system` for Keyward
    /// itself.
    pub r#type: &'static str,
    /// The user's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<AuditLogSession>,
    /// The admin key that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<AuditLogApiKey>,
}

/// A session of a user's.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogSession {
    /// Its id; null on the way in, before there is one.
    pub id: Option<String>,
    /// Who is signed in.
    pub user: AuditLogUser,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// A key that was used.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogApiKey {
    /// Its id.
    pub id: String,
    /// Always `user`.
    pub r#type: &'static str,
    /// In whose name it acts.
    pub user: AuditLogUser,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogUser {
    /// Their id.
    pub id: Option<String>,
    /// Their address at that time.
    pub email: Option<String>,
}

/// What was done, as far as the specification tells.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogDetails {
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// What was to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes_requested: Option<Value>,
}

impl From<AuditRecord> for AuditLogObject {
    fn from(record: AuditRecord) -> Self {
        let event = record.event;
        let after = |wanted: &[&str]| {
            let what = event.event_type.rsplit('.').next().unwrap_or_default();
            wanted.contains(&what).then(|| event.after.clone())
        };
        let details = AuditLogDetails {
            id: event.targets.first().cloned(),
            data: after(&["created", "added"]),
            changes_requested: after(&["updated"]),
        };
        Self {
            object: "organization.audit_log",
            id: event.id,
            effective_at: event.at_ms.div_euclid(1000),
            project: event.project.map(|project| AuditLogProject { id: project.id, name: project.name }),
            actor: AuditLogActor::new(event.actor, event.ip.clone(), event.user_agent.clone()),
            details: BTreeMap::from([(event.event_type.clone(), details)]),
            r#type: event.event_type,
            sequence: event.sequence,
            outcome: event.outcome.as_str(),
            before: event.before,
            after: event.after,
            targets: event.targets,
            ip_address: event.ip,
            user_agent: event.user_agent,
            request_id: event.request_id,
            hash: to_hex(&record.hash),
        }
    }
}

impl AuditLogActor {
    fn new(actor: AuditActor, ip_address: Option<String>, user_agent: Option<String>) -> Self {
        let user = AuditLogUser { id: actor.user_id, email: actor.email };
        match (actor.kind.as_str(), actor.id) {
            ("user", id) => {
                let session = AuditLogSession { id, user, ip_address, user_agent };
                Self { r#type: "session", session: Some(session), api_key: None }
            }
            (_, Some(id)) => {
                Self { r#type: "api_key", session: None, api_key: Some(AuditLogApiKey { id, r#type: "user", user }) }
            }
            (_, None) => Self { r#type: "system", session: None, api_key: None },
        }
    }
}

impl HasId for AuditLogObject {
    fn id(&self) -> &str {
        &self.id
    }
}
