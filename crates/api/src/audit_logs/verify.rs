//! `GET /v1/organization/audit_logs/verify`

use axum::{Json, extract::State};
use keyward_domain::hex::to_hex;
use keyward_service::audit::{self, Broken, SignedAnchor, SignedHead, Verification};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
};

/// What proving the chain showed.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationObject {
    /// Always `organization.audit_log.verification`.
    pub object: &'static str,
    /// Whether nobody touched the log.
    pub valid: bool,
    /// Sequence number of the first event that is there: more than 1 where
    /// retention deleted what was before.
    pub first_sequence: i64,
    /// How many events hold together, from the first on.
    pub events: i64,
    /// When the first of these happened, in Unix seconds; null if there are none.
    pub first_effective_at: Option<i64>,
    /// When the last of these happened, in Unix seconds; null if there are none.
    pub last_effective_at: Option<i64>,
    /// The last event that retention deleted, which the first one follows; null
    /// if it deleted nothing.
    pub anchor: Option<AnchorObject>,
    /// The signed end of the chain; null if there is none.
    pub head: Option<HeadObject>,
    /// The first thing that is wrong; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_broken: Option<BrokenObject>,
}

/// The last event that retention deleted, in hexadecimal.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnchorObject {
    /// Sequence number of that event.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
    /// Ed25519 signature, by the key of the head.
    pub signature: String,
}

/// The signed end of the chain, in hexadecimal.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadObject {
    /// Sequence number of the last event.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
    /// Ed25519 signature.
    pub signature: String,
    /// The key that proves it: note it elsewhere.
    pub public_key: String,
}

/// Where a chain breaks first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrokenObject {
    /// The place in the chain.
    pub sequence: i64,
    /// Id of the event that stands there, if it can be told.
    pub id: Option<String>,
    /// Machine-readable reason, such as `changed` or `missing`.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

impl From<SignedHead> for HeadObject {
    fn from(head: SignedHead) -> Self {
        Self {
            sequence: head.sequence,
            hash: to_hex(&head.hash),
            signature: to_hex(&head.signature),
            public_key: head.public_key.to_string(),
        }
    }
}

impl From<SignedAnchor> for AnchorObject {
    fn from(anchor: SignedAnchor) -> Self {
        Self { sequence: anchor.sequence, hash: to_hex(&anchor.hash), signature: to_hex(&anchor.signature) }
    }
}

impl From<Broken> for BrokenObject {
    fn from(broken: Broken) -> Self {
        Self { message: broken.to_string(), sequence: broken.sequence, id: broken.id, reason: broken.reason.code() }
    }
}

impl From<Verification> for VerificationObject {
    fn from(verification: Verification) -> Self {
        Self {
            object: "organization.audit_log.verification",
            valid: verification.holds(),
            first_sequence: verification.first_sequence,
            events: verification.events,
            first_effective_at: verification.period.map(|(first, _)| first.as_second()),
            last_effective_at: verification.period.map(|(_, last)| last.as_second()),
            anchor: verification.anchor.map(Into::into),
            head: verification.head.map(Into::into),
            first_broken: verification.broken.map(Into::into),
        }
    }
}

/// Proves that the organization's audit log is what was written, or names the
/// first event that isn't.
#[utoipa::path(
    get, path = "/v1/organization/audit_logs/verify", operation_id = "verify-audit-logs", tag = "Audit log",
    responses((status = 200, body = VerificationObject))
)]
pub async fn verify(
    State(api): State<Api>,
    actor: AdminActor,
    query: Query,
) -> Result<Json<VerificationObject>, ApiError> {
    query.end()?;
    Ok(Json(audit::verify(&api.keyward, &actor).await?.into()))
}
