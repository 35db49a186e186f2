//! Invitations. At most one of an address is open in an organization.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{InvitationId, OrganizationId, ProjectId, UserId},
    invitation::{Ended, Ending, Grants, Invitation, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::{Email, Organization, User},
    page::{Listed, Page},
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

/// An invitation and in whose name it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationDetails {
    /// The invitation.
    pub invitation: Invitation,
    /// Who invites.
    pub inviter: User,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    email: String,
    grants: String,
    invited_by: Uuid,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    ended_as: Option<String>,
    inviter_email: String,
    inviter_name: String,
    inviter_created_at: i64,
}

/// [`Grants`] as they are kept.
#[derive(Deserialize)]
struct KeptGrants {
    role: InvitedRole,
    projects: Vec<KeptProject>,
}

#[derive(Deserialize)]
struct KeptProject {
    id: String,
    role: InvitedProjectRole,
}

fn read_grants(text: &str, id: Uuid) -> Result<Grants, StoreError> {
    let unreadable = || StoreError::unreadable("invitations.grants", id);
    let kept: KeptGrants = serde_json::from_str(text).map_err(|_| unreadable())?;
    let read = |project: KeptProject| -> Result<ProjectGrant, StoreError> {
        let id: ProjectId = project.id.parse().map_err(|_| unreadable())?;
        Ok(ProjectGrant { id, role: project.role })
    };
    Ok(Grants { role: kept.role, projects: kept.projects.into_iter().map(read).collect::<Result<_, _>>()? })
}

impl TryFrom<Row> for InvitationDetails {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let ended = match (row.ended_at, row.ended_as) {
            (Some(at), Some(how)) => {
                let how = Ending::parse(&how).ok_or_else(|| StoreError::unreadable("invitations.ended_as", row.id))?;
                Some(Ended { at: from_millis(at), how })
            }
            _ => None,
        };
        let invited_by = UserId::from_uuid(row.invited_by);
        Ok(Self {
            invitation: Invitation {
                id: InvitationId::from_uuid(row.id),
                organization: OrganizationId::from_uuid(row.organization_id),
                email: Email::from_stored(row.email),
                grants: read_grants(&row.grants, row.id)?,
                invited_by,
                created_at: from_millis(row.created_at),
                expires_at: from_millis(row.expires_at),
                ended,
            },
            inviter: User {
                id: invited_by,
                email: Email::from_stored(row.inviter_email),
                name: Name::from_stored(row.inviter_name),
                created_at: from_millis(row.inviter_created_at),
            },
        })
    }
}

const INSERT: &str =
    "INSERT INTO invitations (id, organization_id, email, digest, grants, invited_by, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Keeps a new invitation under the digest of its link's token. An address that
/// has an open one already is refused.
pub async fn insert(conn: &mut Conn<'_>, invitation: &Invitation, digest: &[u8]) -> Result<(), StoreError> {
    let grants = serde_json::to_string(&invitation.grants)
        .map_err(|_| StoreError::unreadable("invitations.grants", invitation.id))?;
    sql!(
        conn,
        execute,
        INSERT,
        invitation.id.uuid(),
        invitation.organization.uuid(),
        invitation.email.as_str(),
        digest,
        grants.as_str(),
        invitation.invited_by.uuid(),
        to_millis(invitation.created_at),
        to_millis(invitation.expires_at)
    )
    .map(drop)
}

const FIND: &str = "SELECT i.id, i.organization_id, i.email, i.grants, i.invited_by, i.created_at, i.expires_at,
        i.ended_at, i.ended_as, u.email AS inviter_email, u.name AS inviter_name, u.created_at AS inviter_created_at
    FROM invitations i JOIN users u ON u.id = i.invited_by WHERE i.organization_id = $1 AND i.id = $2";

/// An invitation of that organization, also one that ended.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Option<InvitationDetails>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const FIND_OPEN: &str = "SELECT i.id, i.organization_id, i.email, i.grants, i.invited_by, i.created_at, i.expires_at,
        i.ended_at, i.ended_as, u.email AS inviter_email, u.name AS inviter_name, u.created_at AS inviter_created_at
    FROM invitations i JOIN users u ON u.id = i.invited_by
    WHERE i.organization_id = $1 AND i.email = $2 AND i.ended_at IS NULL";

/// The invitation of an address that nobody has ended; its time may be over.
pub async fn find_open(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    email: &Email,
) -> Result<Option<InvitationDetails>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND_OPEN, organization.uuid(), email.as_str())?
        .map(TryInto::try_into)
        .transpose()
}

const FIND_BY_DIGEST: &str = "SELECT i.id, i.organization_id, i.email, i.grants, i.invited_by, i.created_at,
        i.expires_at, i.ended_at, i.ended_as, u.email AS inviter_email, u.name AS inviter_name,
        u.created_at AS inviter_created_at
    FROM invitations i JOIN users u ON u.id = i.invited_by WHERE i.digest = $1";

/// The invitation whose link has that token, in whichever organization and also
/// if it ended: for whoever shows the token.
pub async fn find_by_digest(conn: &mut Conn<'_>, digest: &[u8]) -> Result<Option<InvitationDetails>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND_BY_DIGEST, digest)?.map(TryInto::try_into).transpose()
}

/// Where an invitation leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The organization.
    pub organization: Organization,
    /// Whether its members sign in by single sign-on only.
    pub sso_required: bool,
}

#[derive(sqlx::FromRow)]
struct DestinationRow {
    name: String,
    created_at: i64,
    sso_required: i64,
}

const DESTINATION: &str = "SELECT name, created_at, sso_required FROM organizations WHERE id = $1";

/// The organization that invites.
pub async fn destination(conn: &mut Conn<'_>, id: OrganizationId) -> Result<Destination, StoreError> {
    let row = sql!(conn, fetch_one as DestinationRow, DESTINATION, id.uuid())?;
    let organization = Organization { id, name: Name::from_stored(row.name), created_at: from_millis(row.created_at) };
    Ok(Destination { organization, sso_required: row.sso_required != 0 })
}

const LIST: Paged = paged!(
    "SELECT i.id, i.organization_id, i.email, i.grants, i.invited_by, i.created_at, i.expires_at,
        i.ended_at, i.ended_as, u.email AS inviter_email, u.name AS inviter_name, u.created_at AS inviter_created_at
    FROM invitations i JOIN users u ON u.id = i.invited_by
    WHERE i.organization_id = $3 AND ($4 IS NULL OR i.invited_by = $4) AND ($5 IS NULL OR i.grants LIKE $5)",
    "i.id"
);

/// Which invitations a list shows. The default shows all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InvitationFilter {
    /// Only those in this user's name.
    pub invited_by: Option<UserId>,
    /// Only those that give a role in this project.
    pub project: Option<ProjectId>,
}

impl InvitationFilter {
    fn shows(self, invitation: &Invitation) -> bool {
        let is_into = |project| invitation.grants.projects.iter().any(|grant| grant.id == project);
        self.invited_by.is_none_or(|user| user == invitation.invited_by) && self.project.is_none_or(is_into)
    }
}

/// One page of an organization's invitations. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: InvitationFilter,
    page: &Page<InvitationId>,
) -> Result<Result<Listed<InvitationDetails>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor {
        let found = find(conn, organization, cursor.id()).await?;
        if !found.is_some_and(|found| filter.shows(&found.invitation)) {
            return Ok(Err(CursorUnknown(cursor.param())));
        }
    }
    let (text, travel) = LIST.travel(page, InvitationId::uuid);
    let sender = filter.invited_by.map(UserId::uuid);
    // An id stands nowhere in them but as that of a project.
    let names_project = filter.project.map(|project| format!("%\"{project}\"%"));
    let rows =
        sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization.uuid(), sender, names_project)?;
    let invitations = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(invitations)))
}

const RENEW: &str = "UPDATE invitations SET digest = $3, invited_by = $4, expires_at = $5
    WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL";

/// Gives an open invitation another link, sender and end.
pub async fn renew(conn: &mut Conn<'_>, invitation: &Invitation, digest: &[u8]) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        RENEW,
        invitation.organization.uuid(),
        invitation.id.uuid(),
        digest,
        invitation.invited_by.uuid(),
        to_millis(invitation.expires_at)
    )
    .map(drop)
}

const END: &str = "UPDATE invitations SET ended_at = $3, ended_as = $4
    WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL";

/// Ends an open invitation; one that ended stays as it is.
pub async fn end(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: InvitationId,
    ended: Ended,
) -> Result<(), StoreError> {
    sql!(conn, execute, END, organization.uuid(), id.uuid(), to_millis(ended.at), ended.how.as_str()).map(drop)
}
