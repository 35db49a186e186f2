//! Looking members up. What is in the usage journal is counted first, so that
//! the last use of their keys is right.

use keyward_domain::{
    actor::Actor,
    id::UserId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::member as store;

use super::{MemberDetails, MemberFilter, details, find_details};
use crate::{Error, Keyward, Result, authorize::authorize};

/// Which members, and which page of them.
#[derive(Debug, Clone)]
pub struct ListMembers {
    /// Which ones.
    pub filter: MemberFilter,
    /// Whether the last use of the keys that they made is wanted, too.
    pub with_key_use: bool,
    /// Which page.
    pub page: Page<UserId>,
}

/// One page of the organization's members.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListMembers) -> Result<Listed<MemberDetails>> {
    authorize(actor, Permission::MembersRead, Scope::Organization)?;
    if query.with_key_use {
        keyward.settle_for_reader().await;
    }
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let Listed { data, has_more } =
        store::list(conn, actor.organization, &query.filter, query.with_key_use, &query.page).await??;
    Ok(Listed { data: details(conn, actor, data).await?, has_more })
}

/// One member of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<MemberDetails> {
    authorize(actor, Permission::MembersRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let found = store::find(conn, actor.organization, user).await?.ok_or(Error::NotFound("user"))?;
    details(conn, actor, vec![found]).await?.pop().ok_or(Error::NotFound("user"))
}

/// The same with the last use of the keys that they made, which takes long for
/// somebody with a hundred thousand of them.
pub async fn find_with_key_use(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<MemberDetails> {
    authorize(actor, Permission::MembersRead, Scope::Organization)?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    find_details(&mut connection.conn(), actor, user).await
}
