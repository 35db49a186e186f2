//! `GET /v1/organization/usage/completions`

use axum::{Json, extract::State};
use keyward_domain::usage::CallKind;
use keyward_service::usage_report::{self, ReportUsage};

use super::{
    object::{CompletionsUsageObject, UsagePage},
    query::{GROUPS, Group, STEPS, report},
};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
};

/// What chat completions, completions, responses and messages used, by time: of
/// all projects, or of those whose usage you may read.
#[utoipa::path(
    get, path = "/v1/organization/usage/completions", operation_id = "usage-completions", tag = "Usage",
    params(
        ("start_time" = i64, Query, description = "From this time on, in Unix seconds; the bucket that it lies in is told as a whole"),
        ("end_time" = Option<i64>, Query, description = "Up to this time, itself left out; now unless given"),
        ("bucket_width" = Option<String>, Query, description = "`1m` (of the last eight days), `1h` or `1d` (in UTC, the default)"),
        ("project_ids[]" = Option<Vec<String>>, Query, description = "In one of these projects"),
        ("user_ids[]" = Option<Vec<String>>, Query, description = "With keys that one of these users made"),
        ("api_key_ids[]" = Option<Vec<String>>, Query, description = "With one of these keys"),
        ("models[]" = Option<Vec<String>>, Query, description = "Of one of these models, by the provider's names"),
        ("batch" = Option<bool>, Query, description = "Only what was part of a batch, or only what wasn't"),
        ("group_by[]" = Option<Vec<String>>, Query, description = "Any of `project_id`, `user_id`, `api_key_id`, `model`, `batch`, `service_tier`"),
        ("limit" = Option<u32>, Query, description = "How many buckets: 7 (at most 31) days, 24 (168) hours or 60 (1440) minutes unless given"),
        ("page" = Option<String>, Query, description = "The `next_page` of the page before"),
    ),
    responses((status = 200, body = UsagePage<CompletionsUsageObject>))
)]
pub async fn completions(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<UsagePage<CompletionsUsageObject>>, ApiError> {
    let more: [Group; 2] =
        [("batch", |grouping| grouping.batch = true), ("service_tier", |grouping| grouping.tier = true)];
    let groups: Vec<_> = GROUPS.into_iter().chain(more).collect();
    let command = report(&mut query, &STEPS, &groups)?;
    let command = ReportUsage {
        kind: Some(CallKind::Completions),
        user_ids: query.many("user_ids"),
        models: query.many("models"),
        batch: query.flag("batch")?,
        ..command
    };
    query.end()?;
    let found = usage_report::report(&api.keyward, &actor, command).await?;
    Ok(Json(UsagePage::new(found, CompletionsUsageObject::from)))
}
