//! API keys of a project.

mod create;
mod delete;
mod fields;
mod list;
mod modify;
mod object;
mod retrieve;
mod revoke;
mod revoke_all;
mod rotate;

use keyward_service::api_key::ApiKeyPlace;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Api, ApiError, extract::id};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(revoke_all::revoke_all))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
        .routes(routes!(rotate::rotate))
        .routes(routes!(revoke::revoke))
}

/// Reads the two ids of a path.
fn place((project_id, api_key_id): &(String, String)) -> Result<ApiKeyPlace, ApiError> {
    Ok(ApiKeyPlace { project: id(project_id, "project")?, key: id(api_key_id, "API key")? })
}
