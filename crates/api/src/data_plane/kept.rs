//! What providers keep, in the OpenAPI document: files, batches, responses.
//! Descriptions only, see the module above.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ErrorResponse;

/// What Keyward reads of a new batch.
#[derive(Serialize, ToSchema)]
struct BatchBody {
    /// A file of the project's, with the calls.
    input_file_id: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Retrieves a response that the project has made (OpenAI's dialect). What another project
/// made isn't there. What one made in the background used is counted once, when it is first
/// read as done.
#[utoipa::path(
    get, path = "/v1/responses/{response_id}", operation_id = "retrieve-response", tag = "Data plane", security(("api_key" = [])),
    params(("response_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn retrieve_response() {}

/// Deletes a response that the project has made (OpenAI's dialect).
#[utoipa::path(
    delete, path = "/v1/responses/{response_id}", operation_id = "delete-response", tag = "Data plane", security(("api_key" = [])),
    params(("response_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn delete_response() {}

/// Gives up a response in the background (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/responses/{response_id}/cancel", operation_id = "cancel-response", tag = "Data plane", security(("api_key" = [])),
    params(("response_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn cancel_response() {}

/// Lists what a response of the project's was asked (OpenAI's dialect).
#[utoipa::path(
    get, path = "/v1/responses/{response_id}/input_items", operation_id = "list-response-input-items", tag = "Data plane", security(("api_key" = [])),
    params(("response_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn list_response_input_items() {}

/// Uploads a file to the project's first provider that speaks OpenAI's dialect. The file
/// belongs to the project.
#[utoipa::path(
    post, path = "/v1/files", operation_id = "create-file", tag = "Data plane", security(("api_key" = [])),
    request_body(content = Value, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn upload_file() {}

/// Lists the project's files.
#[utoipa::path(
    get, path = "/v1/files", operation_id = "list-files", tag = "Data plane", security(("api_key" = [])),
    params(("after" = Option<String>, Query, description = "Begin behind this one"), ("limit" = Option<u32>, Query, description = "At most so many, up to 100 (20 unless said)"), ("order" = Option<String>, Query, description = "`asc`: the oldest first; `desc` unless said"), ("purpose" = Option<String>, Query, description = "Only files for this")),
    responses(
        (status = 200, description = "The project's own, each as its provider tells it.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn list_files() {}

/// Retrieves what is known of a file of the project's.
#[utoipa::path(
    get, path = "/v1/files/{file_id}", operation_id = "retrieve-file", tag = "Data plane", security(("api_key" = [])),
    params(("file_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn retrieve_file() {}

/// Deletes a file of the project's.
#[utoipa::path(
    delete, path = "/v1/files/{file_id}", operation_id = "delete-file", tag = "Data plane", security(("api_key" = [])),
    params(("file_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn delete_file() {}

/// Downloads a file of the project's.
#[utoipa::path(
    get, path = "/v1/files/{file_id}/content", operation_id = "download-file", tag = "Data plane", security(("api_key" = [])),
    params(("file_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The file's bytes.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn download_file() {}

/// Has many calls made, which stand in a file of the project's. For keys without a request
/// cap, where neither key nor project restricts models: the calls aren't checked one by one.
#[utoipa::path(
    post, path = "/v1/batches", operation_id = "create-batch", tag = "Data plane", security(("api_key" = [])),
    request_body = BatchBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn create_batch() {}

/// Lists the project's batches.
#[utoipa::path(
    get, path = "/v1/batches", operation_id = "list-batches", tag = "Data plane", security(("api_key" = [])),
    params(("after" = Option<String>, Query, description = "Begin behind this one"), ("limit" = Option<u32>, Query, description = "At most so many, up to 100 (20 unless said)"), ("order" = Option<String>, Query, description = "`asc`: the oldest first; `desc` unless said")),
    responses(
        (status = 200, description = "The project's own, each as its provider tells it.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn list_batches() {}

/// Retrieves a batch of the project's. Files that it has made belong to the project from then on.
/// What it used is counted once, when it is first read as done.
#[utoipa::path(
    get, path = "/v1/batches/{batch_id}", operation_id = "retrieve-batch", tag = "Data plane", security(("api_key" = [])),
    params(("batch_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn retrieve_batch() {}

/// Gives up a batch of the project's.
#[utoipa::path(
    post, path = "/v1/batches/{batch_id}/cancel", operation_id = "cancel-batch", tag = "Data plane", security(("api_key" = [])),
    params(("batch_id" = String, Path, description = "Its id at the provider")),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
pub(super) fn cancel_batch() {}
