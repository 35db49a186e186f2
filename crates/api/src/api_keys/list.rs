//! `GET /v1/organization/projects/{project_id}/api_keys`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    api_key::KeyStatus,
    page::{Listed, Order},
};
use keyward_service::api_key::{self, ApiKeyFilter, KeySort, ListApiKeys, Unused};

use super::object::ApiKeyObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
    time::Moment,
};

const SORTS: &[(&str, KeySort)] = &[
    ("created_at", KeySort::Creation),
    ("name", KeySort::Name),
    ("status", KeySort::Status),
    ("request_count", KeySort::Requests),
    ("last_used_at", KeySort::LastUse),
    ("expires_at", KeySort::Expiry),
];

/// Lists a project's API keys, newest first: all that aren't deleted.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/api_keys", operation_id = "list-project-api-keys", tag = "API keys",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last key of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first key of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
        ("sort" = Option<String>, Query, description = "`created_at` unless given, `name`, `status`, `request_count`, `last_used_at` or `expires_at`; keys that are alike in it by their age. A walk through all pages misses none only where the order stands still: by `created_at`, `name` and `expires_at`"),
        ("status" = Option<String>, Query, description = "`active`, `disabled`, `expired` or `revoked`: only those"),
        ("search" = Option<String>, Query, description = "Part of the name in any case, the key's id, or its last four characters"),
        ("environment" = Option<String>, Query, description = "Only keys with this label"),
        ("never_used" = Option<bool>, Query, description = "`true`: only keys that were never used"),
        ("unused_since" = Option<String>, Query, description = "Only keys without a use at or after this time, in Unix seconds or RFC 3339"),
        ("owner_project_access" = Option<String>, Query, description = "`active`, `inactive` or `any`; every key's is `active`"),
    ),
    responses((status = 200, body = ListObject<ApiKeyObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<ListObject<ApiKeyObject>>, ApiError> {
    let project = id(&project_id, "project")?;
    let statuses = [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Expired, KeyStatus::Revoked];
    let filter = ApiKeyFilter {
        status: query.word("status", &statuses.map(|status| (status.as_str(), status)))?,
        search: query.one("search")?,
        environment: query.one("environment")?,
        unused: unused(&mut query)?,
        service_account: None,
    };
    let has_access = query.word("owner_project_access", &[("active", true), ("any", true), ("inactive", false)])?;
    let sort = query.word("sort", SORTS)?.unwrap_or_default();
    let command = ListApiKeys { project, filter, sort, page: query.page(Order::Desc)? };
    query.end()?;
    let listed = api_key::list(&api.keyward, &actor, command).await?;
    let listed = if has_access == Some(false) { Listed { data: Vec::new(), has_more: false } } else { listed };
    let now = api.keyward.now();
    Ok(Json(ListObject::new(listed, |details| ApiKeyObject::new(details, now))))
}

/// Takes `never_used` and `unused_since`; what was never used wasn't used since
/// any moment either.
fn unused(query: &mut Query) -> Result<Option<Unused>, ApiError> {
    let since = query.one("unused_since")?.map(|text| Moment::from_text(text).read("unused_since")).transpose()?;
    let never = query.flag("never_used")?.unwrap_or(false);
    Ok(if never { Some(Unused::Ever) } else { since.map(Unused::Since) })
}
