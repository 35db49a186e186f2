//! The change log: what changed, in one gap-free order. Taking the next
//! sequence number is the first thing that a change does and locks out every
//! other change until it commits, so readers can't skip one.

use keyward_domain::id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId};
use uuid::Uuid;

use crate::{Conn, StoreError};

/// What a follower must read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A project itself.
    Project(ProjectId),
    /// The credentials of a project.
    ProjectCredentials(ProjectId),
    /// The credentials that all projects of an organization inherit.
    OrganizationCredentials(OrganizationId),
    /// One API key.
    ApiKey(ApiKeyId),
    /// All API keys of a project.
    ProjectApiKeys(ProjectId),
    /// One admin key.
    AdminKey(AdminKeyId),
    /// The prices that an organization sets.
    OrganizationPrices(OrganizationId),
    /// The budgets of a key, a project or an organization, by its id.
    Budgets(Uuid),
}

impl Subject {
    fn parts(self) -> (&'static str, Uuid) {
        match self {
            Self::Project(id) => ("project", id.uuid()),
            Self::ProjectCredentials(id) => ("project_credentials", id.uuid()),
            Self::OrganizationCredentials(id) => ("organization_credentials", id.uuid()),
            Self::ApiKey(id) => ("api_key", id.uuid()),
            Self::ProjectApiKeys(id) => ("project_api_keys", id.uuid()),
            Self::AdminKey(id) => ("admin_key", id.uuid()),
            Self::OrganizationPrices(id) => ("organization_prices", id.uuid()),
            Self::Budgets(holder) => ("budgets", holder),
        }
    }

    fn read(subject: &str, id: Uuid) -> Result<Self, StoreError> {
        Ok(match subject {
            "project" => Self::Project(ProjectId::from_uuid(id)),
            "project_credentials" => Self::ProjectCredentials(ProjectId::from_uuid(id)),
            "organization_credentials" => Self::OrganizationCredentials(OrganizationId::from_uuid(id)),
            "api_key" => Self::ApiKey(ApiKeyId::from_uuid(id)),
            "project_api_keys" => Self::ProjectApiKeys(ProjectId::from_uuid(id)),
            "admin_key" => Self::AdminKey(AdminKeyId::from_uuid(id)),
            "organization_prices" => Self::OrganizationPrices(OrganizationId::from_uuid(id)),
            "budgets" => Self::Budgets(id),
            other => return Err(StoreError::unreadable("changes.subject", other)),
        })
    }
}

const NEXT: &str = "UPDATE change_sequence SET sequence = sequence + 1 WHERE id = 1 RETURNING sequence";

/// Takes the next sequence number. Every other change waits until this
/// transaction ends.
pub async fn next_sequence(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    sql!(conn, fetch_one as (i64,), NEXT).map(|row| row.0)
}

const INSERT: &str = "INSERT INTO changes (sequence, subject, subject_id, at) VALUES ($1, $2, $3, $4)";

/// Notes one change under a sequence number taken in the same transaction.
pub async fn insert(conn: &mut Conn<'_>, sequence: i64, subject: Subject, at: i64) -> Result<(), StoreError> {
    let (subject, id) = subject.parts();
    sql!(conn, execute, INSERT, sequence, subject, id, at).map(drop)
}

const LAST: &str = "SELECT sequence FROM change_sequence WHERE id = 1";

/// The last sequence number.
pub async fn last_sequence(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    sql!(conn, fetch_one as (i64,), LAST).map(|row| row.0)
}

const AFTER: &str =
    "SELECT sequence, subject, subject_id FROM changes WHERE sequence > $1 ORDER BY sequence LIMIT 1000";

/// Up to 1,000 changes behind `sequence`, in order.
pub async fn after(conn: &mut Conn<'_>, sequence: i64) -> Result<Vec<(i64, Subject)>, StoreError> {
    let rows = sql!(conn, fetch_all as (i64, String, Uuid), AFTER, sequence)?;
    rows.into_iter().map(|(sequence, subject, id)| Ok((sequence, Subject::read(&subject, id)?))).collect()
}

const GIVE_BACK: &str = "UPDATE change_sequence SET sequence = sequence - 1 WHERE id = 1";

/// Gives back a number that this transaction took and didn't use, so that the
/// log has no gap.
pub async fn give_back(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    sql!(conn, execute, GIVE_BACK).map(drop)
}
