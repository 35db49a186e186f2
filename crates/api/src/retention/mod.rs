//! How long data is kept, by class. Further classes are further entries of the
//! same lists.

mod modify;
mod object;
mod preview;
mod retrieve;

use keyward_domain::{Invalid, retention::RetentionSettings};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(retrieve::retrieve, modify::modify)).routes(routes!(preview::preview))
}

/// How long data of one class is to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepBody {
    /// Such as `audit_events`.
    pub class: String,
    /// For how many days; null: forever.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    pub keep_days: Option<i64>,
}

/// For a field that must be there, and may be null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer)
}

fn settings(classes: Option<Vec<KeepBody>>) -> Result<RetentionSettings, Invalid> {
    let entries = classes.unwrap_or_default().into_iter().map(|entry| (entry.class, entry.keep_days)).collect();
    RetentionSettings::parse("classes", entries)
}
