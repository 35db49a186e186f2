//! `GET /v1/organization/projects`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::project::{self, ListProjects, ProjectFilter, ProjectSort};

use super::object::ProjectObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

const SORTS: &[(&str, ProjectSort)] = &[
    ("created_at", ProjectSort::Creation),
    ("name", ProjectSort::Name),
    ("status", ProjectSort::Status),
    ("api_keys", ProjectSort::Keys),
];

/// Lists the organization's projects, newest first; inactive ones only if asked for.
#[utoipa::path(
    get, path = "/v1/organization/projects", operation_id = "list-projects", tag = "Projects",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last project of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first project of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
        ("sort" = Option<String>, Query, description = "`created_at` unless given, `name`, `status` (active ones, then inactive ones) or `api_keys` (how many there are); projects that are alike in it by their age. A walk through all pages misses none only where the order stands still: by `created_at` and `name`"),
        ("include_archived" = Option<bool>, Query, description = "Whether inactive projects are shown too"),
        ("status" = Option<String>, Query, description = "`active` or `archived`: only those"),
        ("search" = Option<String>, Query, description = "Part of the name, in any case"),
    ),
    responses((status = 200, body = ListObject<ProjectObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<ProjectObject>>, ApiError> {
    let include_archived = query.flag("include_archived")?.unwrap_or(false);
    let only_archived = query.word("status", &[("active", false), ("archived", true)])?;
    let command = ListProjects {
        filter: ProjectFilter {
            active: only_archived != Some(true),
            inactive: only_archived.unwrap_or(include_archived),
            search: query.one("search")?,
            among: None,
        },
        sort: query.word("sort", SORTS)?.unwrap_or_default(),
        page: query.page(Order::Desc)?,
    };
    query.end()?;
    let listed = project::list(&api.keyward, &actor, command).await?;
    Ok(Json(ListObject::new(listed, ProjectObject::from)))
}
