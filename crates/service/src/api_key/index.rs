//! API keys on their way into the key index.

use keyward_domain::id::{ApiKeyId, ProjectId};
use keyward_store::{Conn, api_key_index};

use crate::{Keyward, Result};

pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    keyward.index.expect_keys(api_key_index::count(conn).await?);
    Ok(api_key_index::all(conn, |key, request_count| keyward.index.put_key(key, request_count)).await?)
}

pub(crate) async fn take_in(keyward: &Keyward, conn: &mut Conn<'_>, id: ApiKeyId) -> Result<()> {
    match api_key_index::find(conn, id).await? {
        Some((key, request_count)) => keyward.index.put_key(key, request_count),
        None => keyward.index.remove_key(id),
    }
    Ok(())
}

/// For changes of many keys at once, none of which deletes one.
pub(crate) async fn take_in_project(keyward: &Keyward, conn: &mut Conn<'_>, id: ProjectId) -> Result<()> {
    Ok(api_key_index::of_project(conn, id, |key, request_count| keyward.index.put_key(key, request_count)).await?)
}
