//! Roles: the built-in ones, which nobody can change, and an organization's
//! own: create, edit, delete, look up, list. Nobody makes or edits a role that
//! holds more than they do.

mod create;
mod delete;
mod holders;
mod list;
mod update;

use keyward_domain::{
    Name,
    actor::Actor,
    id::{OrganizationId, RoleId},
    permission::Permission,
    role::{BuiltIn, Custom, Role, Scope},
};
use keyward_store::{Conn, StoreError, role as store};

pub use create::{CreateRole, create};
pub use delete::{DeleteRole, delete};
pub use holders::{Holders, holders};
pub(crate) use list::page_of;
pub use list::{find, list};
pub use update::{UpdateRole, update};

use crate::{Error, Result};

/// The role of that id, built in or the organization's own, wherever it can be
/// held.
pub(crate) async fn find_anywhere(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: RoleId,
) -> Result<Option<Role>> {
    match BuiltIn::find(id) {
        Some(built_in) => Ok(Some(built_in.role(organization))),
        None => Ok(store::find(conn, organization, id).await?),
    }
}

/// The role of that id that belongs to `scope`.
pub(crate) async fn find_at(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    scope: Scope,
    id: RoleId,
) -> Result<Role> {
    let found = find_anywhere(conn, organization, id).await?;
    found.filter(|role| role.fits(scope)).ok_or(Error::NotFound("role"))
}

/// The role that somebody wants to give. One that belongs elsewhere is found
/// too, so that they can be told so, as far as they may know of it.
pub(crate) async fn find_to_give(conn: &mut Conn<'_>, actor: &Actor, scope: Scope, id: RoleId) -> Result<Role> {
    let role = find_anywhere(conn, actor.organization, id).await?.ok_or(Error::NotFound("role"))?;
    let home = role.project.map_or(Scope::Organization, Scope::Project);
    let is_known = role.fits(scope) || role.custom.is_none() || actor.access.holds(Permission::RolesRead, home);
    if is_known { Ok(role) } else { Err(Error::NotFound("role")) }
}

/// The custom part of a role; a built-in one can't be changed.
fn custom(role: &Role) -> Result<Custom> {
    role.custom.clone().ok_or_else(|| Error::Forbidden {
        code: "role_is_built_in",
        message: format!("{} is built in: it can't be changed or deleted. Create a role of your own.", role.name),
    })
}

/// Refuses the name of a built-in role, at whatever level it is.
fn check_name(name: &Name) -> Result<()> {
    let is_built_in = BuiltIn::ALL.iter().any(|role| role.name().eq_ignore_ascii_case(name.as_str()));
    if is_built_in { Err(name_taken(name)) } else { Ok(()) }
}

fn name_taken(name: &Name) -> Error {
    Error::Conflict {
        code: "name_taken",
        param: Some("role_name"),
        message: format!("There is already a role named {:?}. Choose another name.", name.as_str()),
    }
}

fn refuse_taken(name: &Name) -> impl Fn(StoreError) -> Error {
    move |error| if store::name_is_taken(&error) { name_taken(name) } else { error.into() }
}
