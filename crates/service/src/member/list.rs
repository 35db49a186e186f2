//! Looking members up. What is in the usage journal is counted first, so that
//! the last use of their keys is right.

use keyward_domain::{
    actor::Actor,
    id::UserId,
    organization::Email,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::member as store;

use super::{MemberDetails, details, find_details};
use crate::{Keyward, Result, authorize::authorize};

/// Which members, and which page of them.
#[derive(Debug, Clone)]
pub struct ListMembers {
    /// Only those with one of these addresses; `None`: all.
    pub emails: Option<Vec<Email>>,
    /// Which page.
    pub page: Page<UserId>,
}

/// One page of the organization's members.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListMembers) -> Result<Listed<MemberDetails>> {
    authorize(actor, Permission::MembersRead, Scope::Organization)?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let Listed { data, has_more } =
        store::list(conn, actor.organization, query.emails.as_deref(), &query.page).await??;
    Ok(Listed { data: details(conn, actor, data).await?, has_more })
}

/// One member of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<MemberDetails> {
    authorize(actor, Permission::MembersRead, Scope::Organization)?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    find_details(&mut connection.conn(), actor, user).await
}
