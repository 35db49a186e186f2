//! `GET /v1/organization/costs`

use axum::{Json, extract::State};
use keyward_service::usage_report::{self, ReportUsage, Step};

use super::{
    object::{CostObject, UsagePage},
    query::{Group, report},
};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
};

/// What calls of all kinds cost, by the day: of all projects, or of those whose
/// usage you may read. A call keeps the price that held when it was made.
#[utoipa::path(
    get, path = "/v1/organization/costs", operation_id = "usage-costs", tag = "Usage",
    params(
        ("start_time" = i64, Query, description = "From this time on, in Unix seconds; the day that it lies in is told as a whole"),
        ("end_time" = Option<i64>, Query, description = "Up to this time, itself left out; now unless given"),
        ("bucket_width" = Option<String>, Query, description = "`1d` (in UTC), the only one"),
        ("project_ids[]" = Option<Vec<String>>, Query, description = "In one of these projects"),
        ("api_key_ids[]" = Option<Vec<String>>, Query, description = "With one of these keys"),
        ("group_by[]" = Option<Vec<String>>, Query, description = "Any of `project_id`, `line_item`, `api_key_id`"),
        ("limit" = Option<u32>, Query, description = "How many days: 1 to 180, 7 unless given"),
        ("page" = Option<String>, Query, description = "The `next_page` of the page before"),
    ),
    responses((status = 200, body = UsagePage<CostObject>))
)]
pub async fn costs(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<UsagePage<CostObject>>, ApiError> {
    let groups: [Group; 3] = [
        ("project_id", |grouping| grouping.project = true),
        ("line_item", |grouping| grouping.model = true),
        ("api_key_id", |grouping| grouping.key = true),
    ];
    let command = report(&mut query, &[("1d", Step::Day)], &groups)?;
    query.end()?;
    let command = ReportUsage { is_cost: true, ..command };
    let found = usage_report::report(&api.keyward, &actor, command).await?;
    Ok(Json(UsagePage::new(found, CostObject::from)))
}
