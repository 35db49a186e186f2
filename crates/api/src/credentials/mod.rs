//! Credentials of a project, and those of the organization that every project
//! inherits: the same operations at two addresses.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;
mod test;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) use create::NewCredentialBody;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_of_project, create::create_in_project))
        .routes(routes!(retrieve::retrieve_from_project, modify::modify_in_project, delete::delete_from_project))
        .routes(routes!(test::test_from_project))
        .routes(routes!(list::list_of_organization, create::create_in_organization))
        .routes(routes!(
            retrieve::retrieve_from_organization,
            modify::modify_in_organization,
            delete::delete_from_organization
        ))
        .routes(routes!(test::test_from_organization))
}
