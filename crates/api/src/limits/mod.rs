//! Rate limits of a project: for all of its calls, or for those to some models.

mod create;
mod delete;
mod list;
mod modify;
mod numbers;
mod object;
mod retrieve;

use keyward_service::limit::LimitPlace;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use numbers::{LimitsBody, LimitsObject};

use crate::{Api, ApiError, extract::id};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        retrieve::retrieve,
        modify::modify,
        delete::delete
    ))
}

/// Reads the two ids of a path.
pub(crate) fn place((project_id, limit_id): &(String, String)) -> Result<LimitPlace, ApiError> {
    Ok(LimitPlace { project: id(project_id, "project")?, limit: id(limit_id, "limit")? })
}
