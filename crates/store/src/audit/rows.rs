//! Reading the audit log as it lies in its tables, for proving it: nothing is
//! assumed to be right.

use keyward_domain::{audit::AuditEvent, id::OrganizationId};
use uuid::Uuid;

use crate::{Conn, StoreError};

/// A row of the log: the event, its hash, and the columns that it is found by.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EventRow {
    /// Place in the chain.
    pub sequence: i64,
    /// Id of the event.
    pub id: Uuid,
    /// The event itself.
    pub event: String,
    /// The hash beside it; should be 32 bytes.
    pub hash: Vec<u8>,
    at: i64,
    event_type: String,
    outcome: String,
    actor_id: Option<Uuid>,
    actor_user_id: Option<Uuid>,
    actor_email: Option<String>,
    project_id: Option<Uuid>,
    ip: Option<String>,
    request_id: Option<String>,
}

impl EventRow {
    /// The first column that says something else than the event.
    pub fn differing_column(&self, organization: OrganizationId, event: &AuditEvent) -> Option<&'static str> {
        let uuid = |id: Option<&str>| id.and_then(|id| Uuid::try_parse(id.rsplit_once('_')?.1).ok());
        let actor = &event.actor;
        [
            ("organization_id", event.organization_id == organization.to_string()),
            ("sequence", self.sequence == event.sequence),
            ("id", Some(self.id) == uuid(Some(&event.id))),
            ("at", self.at == event.at_ms),
            ("event_type", self.event_type == event.event_type),
            ("outcome", self.outcome == event.outcome.as_str()),
            ("actor_id", self.actor_id == uuid(actor.id.as_deref())),
            ("actor_user_id", self.actor_user_id == uuid(actor.user_id.as_deref())),
            ("actor_email", self.actor_email == actor.email),
            ("project_id", self.project_id == uuid(event.project.as_ref().map(|project| project.id.as_str()))),
            ("ip", self.ip == event.ip),
            ("request_id", self.request_id == event.request_id),
        ]
        .into_iter()
        .find_map(|(column, agrees)| (!agrees).then_some(column))
    }
}

const ROWS: &str = "SELECT sequence, id, event, hash, at, event_type, outcome, actor_id, actor_user_id, actor_email, project_id, ip, request_id
    FROM audit_events WHERE organization_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";

/// Up to `limit` rows of an organization behind sequence number `after`, in order.
pub async fn rows(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    sql!(conn, fetch_all as EventRow, ROWS, organization.uuid(), after, limit)
}

const TARGETS: &str = "SELECT sequence, target FROM audit_targets
    WHERE organization_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence, target";

/// What the events behind `after`, up to `last`, are found by as targets: sequence
/// number and target, in order.
pub async fn targets(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    after: i64,
    last: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    sql!(conn, fetch_all as (i64, String), TARGETS, organization.uuid(), after, last)
}
