//! `GET /v1/organization/audit_logs`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::audit::{self, ListAuditEvents};

use super::{filter::filter, object::AuditLogObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// Lists the organization's audit events, newest first.
#[utoipa::path(
    get, path = "/v1/organization/audit_logs", operation_id = "list-audit-logs", tag = "Audit log",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last event of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first event of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
        ("effective_at[gt]" = Option<String>, Query, description = "After this time, in Unix seconds or RFC 3339"),
        ("effective_at[gte]" = Option<String>, Query, description = "At this time or later"),
        ("effective_at[lt]" = Option<String>, Query, description = "Before this time"),
        ("effective_at[lte]" = Option<String>, Query, description = "At this time or earlier"),
        ("project_ids[]" = Option<Vec<String>>, Query, description = "In one of these projects"),
        ("event_types[]" = Option<Vec<String>>, Query, description = "Of one of these types; `*` stands for anything, as in `api_key.*`"),
        ("actor_ids[]" = Option<Vec<String>>, Query, description = "By one of these keys or users"),
        ("actor_emails[]" = Option<Vec<String>>, Query, description = "By users with one of these addresses"),
        ("resource_ids[]" = Option<Vec<String>>, Query, description = "On one of these things"),
        ("outcome" = Option<String>, Query, description = "`success`, `denied` or `failed`"),
        ("ip" = Option<String>, Query, description = "From this client address"),
        ("request_id" = Option<String>, Query, description = "In this request"),
        ("search" = Option<String>, Query, description = "Holding this text anywhere, in any case of ASCII letters"),
        ("tenant_only" = Option<bool>, Query, description = "The specification's parameter for what Keyward doesn't have; false only"),
    ),
    responses((status = 200, body = ListObject<AuditLogObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<AuditLogObject>>, ApiError> {
    let command = ListAuditEvents { query: filter(&mut query)?, page: query.page(Order::Desc)? };
    query.end()?;
    let listed = audit::list(&api.keyward, &actor, command).await?;
    Ok(Json(ListObject::new(listed, AuditLogObject::from)))
}
