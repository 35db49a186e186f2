//! What identity providers' claims give: memberships of groups and roles whose
//! `source` is the provider.

use keyward_domain::{
    id::{GroupId, OrganizationId, RoleId, SsoProviderId, UserId},
    sso::Given,
};
use uuid::Uuid;

use crate::{Conn, StoreError, access::scope};

/// Something that claims gave somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Who holds it.
    pub user: UserId,
    /// What.
    pub given: Given,
}

const ROLES: &str = "SELECT principal_id, role_id, project_id FROM role_assignments
    WHERE organization_id = $1 AND source = $2 AND principal_kind = 'user' AND ($3 OR principal_id = $4)
    ORDER BY principal_id, project_id, role_id";

const GROUPS: &str = "SELECT user_id, group_id FROM group_members
    WHERE source = $2 AND group_id IN (SELECT id FROM groups WHERE organization_id = $1) AND ($3 OR user_id = $4)
    ORDER BY user_id, group_id";

/// All that a provider's claims gave `user` (`None`: anybody).
pub async fn of(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    provider: SsoProviderId,
    user: Option<UserId>,
) -> Result<Vec<Held>, StoreError> {
    let (organization, source) = (organization.uuid(), provider.uuid());
    let (anybody, who) = (user.is_none(), user.map_or(Uuid::nil(), UserId::uuid));
    let roles = sql!(conn, fetch_all as (Uuid, Uuid, Uuid), ROLES, organization, source, anybody, who)?;
    let groups = sql!(conn, fetch_all as (Uuid, Uuid), GROUPS, organization, source, anybody, who)?;
    let role = |(user, role, project)| Held {
        user: UserId::from_uuid(user),
        given: Given::Role(RoleId::from_uuid(role), scope(project)),
    };
    let group = |(user, group)| Held { user: UserId::from_uuid(user), given: Given::Group(GroupId::from_uuid(group)) };
    Ok(roles.into_iter().map(role).chain(groups.into_iter().map(group)).collect())
}
