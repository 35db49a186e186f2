//! What the program itself asks at its start and its end. Whoever runs it may:
//! there is no actor.

use keyward_domain::organization::Organization;

use crate::{Keyward, Result};

impl Keyward {
    /// The organization of that name.
    pub async fn organization_named(&self, name: &str) -> Result<Option<Organization>> {
        let mut connection = self.read().await?;
        Ok(keyward_store::organization::find_by_name(&mut connection.conn(), name).await?)
    }

    /// Closes the database, when nothing uses it any more.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
