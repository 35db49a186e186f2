//! `GET /v1/organization/usage/embeddings`

use axum::{Json, extract::State};
use keyward_domain::usage::CallKind;
use keyward_service::usage_report::{self, ReportUsage};

use super::{
    object::{EmbeddingsUsageObject, UsagePage},
    query::{GROUPS, STEPS, report},
};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
};

/// What embeddings used, by time: of all projects, or of those whose usage you
/// may read.
#[utoipa::path(
    get, path = "/v1/organization/usage/embeddings", operation_id = "usage-embeddings", tag = "Usage",
    params(
        ("start_time" = i64, Query, description = "From this time on, in Unix seconds; the bucket that it lies in is told as a whole"),
        ("end_time" = Option<i64>, Query, description = "Up to this time, itself left out; now unless given"),
        ("bucket_width" = Option<String>, Query, description = "`1m` (of the last eight days), `1h` or `1d` (in UTC, the default)"),
        ("project_ids[]" = Option<Vec<String>>, Query, description = "In one of these projects"),
        ("user_ids[]" = Option<Vec<String>>, Query, description = "With keys that one of these users made"),
        ("api_key_ids[]" = Option<Vec<String>>, Query, description = "With one of these keys"),
        ("models[]" = Option<Vec<String>>, Query, description = "Of one of these models, by the provider's names"),
        ("group_by[]" = Option<Vec<String>>, Query, description = "Any of `project_id`, `user_id`, `api_key_id`, `model`"),
        ("limit" = Option<u32>, Query, description = "How many buckets: 7 (at most 31) days, 24 (168) hours or 60 (1440) minutes unless given"),
        ("page" = Option<String>, Query, description = "The `next_page` of the page before"),
    ),
    responses((status = 200, body = UsagePage<EmbeddingsUsageObject>))
)]
pub async fn embeddings(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<UsagePage<EmbeddingsUsageObject>>, ApiError> {
    let command = report(&mut query, &STEPS, &GROUPS)?;
    let command = ReportUsage {
        kind: Some(CallKind::Embeddings),
        user_ids: query.many("user_ids"),
        models: query.many("models"),
        ..command
    };
    query.end()?;
    let found = usage_report::report(&api.keyward, &actor, command).await?;
    Ok(Json(UsagePage::new(found, EmbeddingsUsageObject::from)))
}
