//! What may be mapped: groups and roles that are there, and only what whoever
//! maps them holds.

use keyward_domain::{
    Invalid,
    access::Access,
    id::OrganizationId,
    role::Scope,
    sso::{Given, Mapping},
};
use keyward_store::{Conn, access, group, project};

use crate::{Result, authorize::check_grant, change::Change, role::find_anywhere};

/// Checks those of `mappings` that weren't there `before`.
pub(super) async fn check(change: &mut Change<'_>, mappings: &[Mapping], before: &[Mapping]) -> Result<()> {
    let organization = change.actor.organization;
    for (index, mapping) in mappings.iter().enumerate().filter(|(_, mapping)| !before.contains(mapping)) {
        let given = gives(&mut change.conn(), organization, mapping.gives).await?;
        let given = given.map_err(|(field, message)| Invalid::new(format!("mappings[{index}].{field}"), message))?;
        check_grant(&change.actor, &given)?;
    }
    Ok(())
}

/// What somebody may do to whom `given` is given; the field that is wrong and
/// why, where it can't be.
async fn gives(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    given: Given,
) -> Result<std::result::Result<Access, (&'static str, &'static str)>> {
    let (role, scope) = match given {
        Given::Group(id) => {
            if group::find(conn, organization, id).await?.is_none() {
                return Ok(Err(("group_id", "There is no such group in this organization.")));
            }
            let given = access::of_principal(conn, organization, id.uuid()).await?.unwrap_or_default();
            if given.is_owner() {
                return Ok(Err((
                    "group_id",
                    "This group owns the organization, and single sign-on never makes an owner.",
                )));
            }
            return Ok(Ok(given));
        }
        Given::Role(role, scope) => (role, scope),
    };
    let Some(role) = find_anywhere(conn, organization, role).await? else {
        return Ok(Err(("role_id", "There is no such role in this organization.")));
    };
    if let Scope::Project(project) = scope
        && project::find(conn, organization, project).await?.is_none()
    {
        return Ok(Err(("project_id", "There is no such project in this organization.")));
    }
    if !role.fits(scope) {
        let message = match scope {
            Scope::Organization => "This is a project's role: say at which project, in project_id.",
            Scope::Project(_) => "This role can't be held at this project. Map a role of the project's.",
        };
        return Ok(Err(("role_id", message)));
    }
    let mut access = Access::default();
    access.add(&role, scope);
    Ok(Ok(access))
}
