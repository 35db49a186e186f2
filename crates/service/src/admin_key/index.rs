//! Admin keys on their way into the key index.

use keyward_access::AdminKeyEntry;
use keyward_domain::id::AdminKeyId;
use keyward_store::{
    Conn,
    admin_key::{self as store, AdminKeyDetails},
};

use crate::{Keyward, Result};

/// Takes in every admin key, at the start.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    for details in store::all(conn).await? {
        put(keyward, details);
    }
    Ok(())
}

/// Takes in one admin key as it is now; a deleted one is forgotten.
pub(crate) async fn take_in(keyward: &Keyward, conn: &mut Conn<'_>, id: AdminKeyId) -> Result<()> {
    match store::find_any(conn, id).await? {
        Some(details) => put(keyward, details),
        None => {
            keyward.index.remove_admin_key(id);
            keyward.admin_key_uses.forget(id);
        }
    }
    Ok(())
}

fn put(keyward: &Keyward, details: AdminKeyDetails) {
    keyward.index.put_admin_key(AdminKeyEntry::new(&details.key, details.owner.email));
}
