//! Finding an organization.

use keyward_domain::organization::Organization;

use crate::{Keyward, Result};

/// The organization of that name: for commands of whoever runs the
/// installation, never for a caller from outside.
pub async fn find_by_name(keyward: &Keyward, name: &str) -> Result<Option<Organization>> {
    let mut connection = keyward.read().await?;
    Ok(keyward_store::organization::find_by_name(&mut connection.conn(), name).await?)
}
