//! `POST /v1/organization/retention/preview`

use axum::{Json, extract::State};
use keyward_service::retention::{self, Preview};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{KeepBody, settings};
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, objects},
};

/// What is supposed; a class that isn't named is kept as long as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRetentionBody {
    /// How long data of each class would be kept.
    #[serde(default, deserialize_with = "objects")]
    pub classes: Option<Vec<KeepBody>>,
}

/// What a run would delete now.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionPreviewObject {
    /// Always `organization.retention.preview`.
    pub object: &'static str,
    /// Each class of data.
    pub classes: Vec<RetentionPreviewClass>,
}

/// What a run would delete now of one class.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionPreviewClass {
    /// Such as `audit_events`.
    pub class: &'static str,
    /// For how many days it is, or would be, kept; null: forever.
    pub keep_days: Option<u32>,
    /// What happened before this time would go, in Unix seconds; null: nothing.
    pub cut_off: Option<i64>,
    /// How many things would go.
    pub count: i64,
    /// When the earliest of them happened, in Unix seconds; null if there is none.
    pub from: Option<i64>,
    /// When the latest of them happened, in Unix seconds; null if there is none.
    pub to: Option<i64>,
}

impl From<Preview> for RetentionPreviewClass {
    fn from(preview: Preview) -> Self {
        Self {
            class: preview.class.as_str(),
            keep_days: preview.keep.days(),
            cut_off: preview.cut_off.map(|moment| moment.as_second()),
            count: preview.count,
            from: preview.from.map(|moment| moment.as_second()),
            to: preview.to.map(|moment| moment.as_second()),
        }
    }
}

/// Counts what a run would delete now, with the present decision or another one.
/// Nothing is changed.
#[utoipa::path(
    post, path = "/v1/organization/retention/preview", operation_id = "preview-retention", tag = "Retention",
    request_body = PreviewRetentionBody, responses((status = 200, body = RetentionPreviewObject))
)]
pub async fn preview(
    State(api): State<Api>,
    actor: AdminActor,
    JsonBody(body): JsonBody<PreviewRetentionBody>,
) -> Result<Json<RetentionPreviewObject>, ApiError> {
    let previews = retention::preview(&api.keyward, &actor, &settings(body.classes)?).await?;
    let classes = previews.into_iter().map(Into::into).collect();
    Ok(Json(RetentionPreviewObject { object: "organization.retention.preview", classes }))
}
