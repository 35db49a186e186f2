//! Service accounts of a project.

mod create;
mod create_key;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;

use keyward_service::service_account::ServiceAccountPlace;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Api, ApiError, extract::id};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
        .routes(routes!(create_key::create_key))
}

/// Reads the two ids of a path.
fn place((project_id, account_id): &(String, String)) -> Result<ServiceAccountPlace, ApiError> {
    Ok(ServiceAccountPlace { project: id(project_id, "project")?, account: id(account_id, "service account")? })
}
