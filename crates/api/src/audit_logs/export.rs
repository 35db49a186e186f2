//! `GET /v1/organization/audit_logs/export`

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use futures_util::stream;
use keyward_service::audit::{self, ExportFormat};

use super::filter::filter;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
};

/// Writes out the organization's audit events, oldest first, as they are read.
/// An answer that breaks off isn't complete.
#[utoipa::path(
    get, path = "/v1/organization/audit_logs/export", operation_id = "export-audit-logs", tag = "Audit log",
    params(
        ("format" = Option<String>, Query, description = "`jsonl` (with hashes and the signed head, what `keyward audit verify` reads; unless given), `csv`, or `ocsf` (OCSF 1.2.0, class 3004)"),
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
    ),
    responses((status = 200, description = "One event a line.", content(
        (String = "application/x-ndjson"), (String = "text/csv"),
    )))
)]
pub async fn export(State(api): State<Api>, actor: AdminActor, mut query: Query) -> Result<Response, ApiError> {
    let formats = [("jsonl", ExportFormat::Jsonl), ("csv", ExportFormat::Csv), ("ocsf", ExportFormat::Ocsf)];
    let format = query.word("format", &formats)?.unwrap_or(ExportFormat::Jsonl);
    let events = filter(&mut query)?;
    query.end()?;
    let mut export = audit::export(&api.keyward, &actor, events, format).await?;
    // What can't be read at all is refused, not broken off.
    let first = export.next().await?;
    let pieces = stream::try_unfold((first, export), |(ready, mut export)| async {
        let piece = match ready {
            Some(piece) => Some(piece),
            None => export.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?,
        };
        Ok::<_, keyward_service::Error>(piece.map(|piece| (piece, (None, export))))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let (kind, file) = match format {
        ExportFormat::Jsonl => ("application/x-ndjson", "attachment; filename=\"keyward-audit.jsonl\""),
        ExportFormat::Ocsf => ("application/x-ndjson", "attachment; filename=\"keyward-audit-ocsf.jsonl\""),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"keyward-audit.csv\""),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(file));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
