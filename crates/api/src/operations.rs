//! For operators and load balancers: is the process alive, and can it serve?

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`, or what is missing.
    status: &'static str,
}

/// Says that the process runs.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "Operations", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Says whether the database answers and the key index is fresh.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "Operations", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health, description = "Known keys go on working; what needs the database doesn't."))
)]
async fn readyz(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    match api.keyward.ready().await {
        Ok(()) => (StatusCode::OK, Json(Health { status: "ok" })),
        Err(status) => (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status })),
    }
}
