//! The API keys that a member made: they belong to their projects and go on
//! working without their maker. For whoever thinks of removing the member.

use keyward_domain::{actor::Actor, clock::to_millis, id::UserId, permission::Permission, role::Scope};
use keyward_store::member::{self as store, NamedApiKey};

use super::remove::NAMED_KEYS;
use crate::{Error, Keyward, Result, authorize::authorize};

/// API keys that somebody made and that still work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKeys {
    /// The first hundred of them.
    pub api_keys: Vec<NamedApiKey>,
    /// How many there are.
    pub count: i64,
}

/// What removing this member would leave behind. It takes the permission to
/// remove them.
pub async fn keys_made_by(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<MadeKeys> {
    authorize(actor, Permission::MembersManage, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    store::find(conn, actor.organization, user).await?.ok_or(Error::NotFound("user"))?;
    let now = to_millis(keyward.now());
    let (api_keys, count) = store::made_keys(conn, actor.organization, user, now, NAMED_KEYS).await?;
    Ok(MadeKeys { api_keys, count })
}
