//! Looking roles up.

use keyward_domain::{
    actor::Actor,
    id::RoleId,
    page::{Listed, Order, Page},
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use keyward_store::{CursorUnknown, role as store};

use super::find_at;
use crate::{Keyward, Result, authorize::authorize, place::find_place};

/// One page of the roles that can be held at `scope`: built-in ones first.
pub async fn list(keyward: &Keyward, actor: &Actor, scope: Scope, page: Page<RoleId>) -> Result<Listed<Role>> {
    authorize(actor, Permission::RolesRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    let built_in = BuiltIn::ALL.into_iter().filter(|role| role.fits(scope));
    let mut roles: Vec<_> = built_in.map(|role| role.role(actor.organization)).collect();
    roles.extend(store::at(conn, actor.organization, scope).await?);
    page_of(roles, &page, |role| role.id)
}

/// One role that can be held at `scope`.
pub async fn find(keyward: &Keyward, actor: &Actor, scope: Scope, id: RoleId) -> Result<Role> {
    authorize(actor, Permission::RolesRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    find_at(conn, actor.organization, scope, id).await
}

/// One page of things that go by roles: those of built-in roles first, in
/// either order.
pub(crate) fn page_of<T>(mut things: Vec<T>, page: &Page<RoleId>, role: impl Fn(&T) -> RoleId) -> Result<Listed<T>> {
    things.sort_by_key(|thing| role(thing));
    if page.order == Order::Desc {
        things.reverse();
    }
    things.sort_by_key(|thing| BuiltIn::find(role(thing)).is_none());
    if let Some(cursor) = page.cursor {
        let at = things.iter().position(|thing| role(thing) == cursor.id());
        let at = at.ok_or(CursorUnknown(cursor.param()))?;
        things.drain(..=at);
    }
    let limit = page.limit as usize;
    let has_more = things.len() > limit;
    things.truncate(limit);
    Ok(Listed { data: things, has_more })
}
