//! Credentials on their way into the key index.

use keyward_domain::id::{OrganizationId, ProjectId};
use keyward_store::Conn;

use crate::{Keyward, Result};

pub(crate) async fn load(_: &Keyward, _: &mut Conn<'_>) -> Result<()> {
    Ok(())
}
pub(crate) async fn take_in_project(_: &Keyward, _: &mut Conn<'_>, _: ProjectId) -> Result<()> {
    Ok(())
}
pub(crate) async fn take_in_organization(_: &Keyward, _: &mut Conn<'_>, _: OrganizationId) -> Result<()> {
    Ok(())
}
