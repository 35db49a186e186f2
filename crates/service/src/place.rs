//! Where something is done: in the organization, or in one project of it.

use keyward_domain::{id::OrganizationId, project::Project, role::Scope};
use keyward_store::Conn;

use crate::{Error, Result};

/// The project at `scope`, if it is one; refuses one that isn't there.
pub(crate) async fn find_place(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    scope: Scope,
) -> Result<Option<Project>> {
    match scope {
        Scope::Organization => Ok(None),
        Scope::Project(id) => {
            let found = keyward_store::project::find(conn, organization, id).await?;
            found.map(Some).ok_or(Error::NotFound("project"))
        }
    }
}
