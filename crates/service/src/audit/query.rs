//! What the audit log is searched for, as people write it.

use std::net::IpAddr;

use keyward_domain::{
    Invalid, Timestamp,
    actor::Actor,
    audit::Outcome,
    audit_type,
    clock::to_millis,
    id::{AdminKeyId, ApiKeyId, ProjectId, SessionId, UserId},
    permission::Permission,
    role::Scope,
};
use keyward_store::audit::AuditFilter;
use uuid::Uuid;

/// Most values of one filter.
const MAX_VALUES: usize = 100;

/// Which events; what is empty or `None` doesn't matter. An id that can't be
/// one matches nothing.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// In these projects.
    pub project_ids: Vec<String>,
    /// Of these types; `*` stands for anything, as in `api_key.*`.
    pub event_types: Vec<String>,
    /// By these keys or users.
    pub actor_ids: Vec<String>,
    /// By users with these addresses.
    pub actor_emails: Vec<String>,
    /// On these things.
    pub resource_ids: Vec<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// From this client address.
    pub ip: Option<String>,
    /// In this request.
    pub request_id: Option<String>,
    /// Holding this text anywhere, in any case.
    pub search: Option<String>,
}

impl AuditQuery {
    /// Reads it all, for somebody who holds `permission`: in the organization,
    /// or in some projects, whose events are all that there is for them.
    pub(super) fn filter_for(self, actor: &Actor, permission: Permission) -> crate::Result<AuditFilter> {
        let mut filter = self.filter()?;
        if !actor.access.holds(permission, Scope::Organization) {
            let readable: Vec<_> = actor.access.projects_with(permission).map(ProjectId::uuid).collect();
            if readable.is_empty() {
                actor.require(permission, Scope::Organization)?;
            }
            filter.projects = Some(match filter.projects {
                None => readable,
                Some(wanted) => wanted.into_iter().filter(|project| readable.contains(project)).collect(),
            });
        }
        Ok(filter)
    }

    fn filter(self) -> Result<AuditFilter, Invalid> {
        for (param, values) in [
            ("project_ids", &self.project_ids),
            ("event_types", &self.event_types),
            ("actor_ids", &self.actor_ids),
            ("actor_emails", &self.actor_emails),
            ("resource_ids", &self.resource_ids),
        ] {
            if values.len() > MAX_VALUES {
                return Err(Invalid::new(param, format!("{param} has more than {MAX_VALUES} values.")));
            }
        }
        if let Some(unknown) = self.event_types.iter().find(|name| !audit_type::is_known(name)) {
            let shown: String = unknown.chars().take(80).collect();
            let message = format!(
                "There is no event type {shown:?}. Types are written like api_key.created, or api_key.* for several."
            );
            return Err(Invalid::new("event_types", message));
        }
        let ip = self.ip.map(|text| match text.parse::<IpAddr>() {
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => Err(Invalid::new("ip", "ip is not an IP address.")),
        });
        let lower = |emails: Vec<String>| emails.iter().map(|email| email.trim().to_lowercase()).collect();
        Ok(AuditFilter {
            from: self.from.map(to_millis),
            until: self.until.map(to_millis),
            projects: some(self.project_ids).map(|ids| ids.iter().filter_map(|id| project(id)).collect()),
            event_types: some(self.event_types),
            actors: some(self.actor_ids).map(|ids| ids.iter().filter_map(|id| actor(id)).collect()),
            actor_emails: some(self.actor_emails).map(lower),
            targets: some(self.resource_ids),
            outcome: self.outcome,
            ip: ip.transpose()?,
            request_id: self.request_id,
            search: self.search.filter(|text| !text.trim().is_empty()),
        })
    }
}

fn some<T>(values: Vec<T>) -> Option<Vec<T>> {
    (!values.is_empty()).then_some(values)
}

fn project(id: &str) -> Option<Uuid> {
    id.parse().ok().map(ProjectId::uuid)
}

fn actor(id: &str) -> Option<Uuid> {
    let admin_key = id.parse().ok().map(AdminKeyId::uuid);
    let api_key = || id.parse().ok().map(ApiKeyId::uuid);
    let session = || id.parse().ok().map(SessionId::uuid);
    admin_key.or_else(api_key).or_else(session).or_else(|| id.parse().ok().map(UserId::uuid))
}
