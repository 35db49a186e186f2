//! Model aliases of a project: own names for one or several models.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;

use keyward_service::model_alias::ModelAliasPlace;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Api, ApiError, extract::id};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        retrieve::retrieve,
        modify::modify,
        delete::delete
    ))
}

/// Reads the two ids of a path.
fn place((project_id, alias_id): &(String, String)) -> Result<ModelAliasPlace, ApiError> {
    Ok(ModelAliasPlace { project: id(project_id, "project")?, alias: id(alias_id, "model alias")? })
}
