//! Looking roles up.

use keyward_domain::{
    actor::Actor,
    id::RoleId,
    page::{Cursor, Listed, Order, Page},
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
    let limit = page.limit as usize;
    if let Some(cursor) = page.cursor {
        let at = things.iter().position(|thing| role(thing) == cursor.id());
        let at = at.ok_or(CursorUnknown(cursor.param()))?;
        match cursor {
            Cursor::After(_) => drop(things.drain(..=at)),
            Cursor::Before(_) => {
                let first = at.saturating_sub(limit);
                things.truncate(at);
                return Ok(Listed { data: things.split_off(first), has_more: first > 0 });
            }
        }
    }
    let has_more = things.len() > limit;
    things.truncate(limit);
    Ok(Listed { data: things, has_more })
}

#[cfg(test)]
mod tests {
    use keyward_domain::id::OrganizationId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn pages_of_roles_follow_each_other_both_ways() {
        let roles: Vec<_> = (1..=5).map(|number| RoleId::from_uuid(Uuid::from_u128(number))).collect();
        let organization = OrganizationId::from_uuid(Uuid::nil());
        let all = || {
            let built_in = BuiltIn::ALL.into_iter().map(|role| role.role(organization).id);
            built_in.chain(roles.clone()).collect::<Vec<_>>()
        };
        let page = |cursor| Page { limit: 4, order: Order::Asc, cursor };
        let whole = page_of(all(), &Page { limit: 100, ..page(None) }, |id| *id).unwrap().data;
        let second = page_of(all(), &page(Some(Cursor::After(whole[3]))), |id| *id).unwrap();
        assert_eq!((&second.data[..], second.has_more), (&whole[4..8], true));
        let first = page_of(all(), &page(Some(Cursor::Before(whole[4]))), |id| *id).unwrap();
        assert_eq!((&first.data[..], first.has_more), (&whole[..4], false));
        let middle = page_of(all(), &page(Some(Cursor::Before(whole[7]))), |id| *id).unwrap();
        assert_eq!((&middle.data[..], middle.has_more), (&whole[3..7], true));
    }
}
