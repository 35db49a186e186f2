//! Groups: create, rename, delete, look up, list, and who is in them. What a
//! group holds each member holds, so putting somebody in gives them roles:
//! nobody does that beyond what they hold themselves.

mod create;
mod delete;
mod list;
mod members;
mod update;

use keyward_domain::{
    Name,
    group::Group,
    id::{GroupId, OrganizationId},
};
use keyward_store::{Conn, StoreError, group as store};

pub use create::{CreateGroup, create};
pub use delete::delete;
pub use list::{find, list};
pub use members::{add_member, find_member, list_members, remove_member};
pub use update::update;

use crate::{Error, Result};

/// The group that a use case is about.
pub(crate) async fn find_in(conn: &mut Conn<'_>, organization: OrganizationId, id: GroupId) -> Result<Group> {
    store::find(conn, organization, id).await?.ok_or(Error::NotFound("group"))
}

fn refuse_taken(name: &Name) -> impl Fn(StoreError) -> Error {
    move |error| if store::name_is_taken(&error) { Error::name_taken("a group", name) } else { error.into() }
}
