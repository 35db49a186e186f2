//! The data plane's part of the OpenAPI document. The gateway serves these
//! addresses, not this crate: the functions here only carry descriptions, and
//! `crates/keyward/tests/api/data_plane.rs` holds them against the gateway.
#![expect(dead_code, reason = "what is here describes what another crate serves; nothing calls it")]

mod kept;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use crate::error::ErrorResponse;

#[derive(OpenApi)]
#[openapi(paths(
    chat_completions,
    completions,
    responses,
    kept::retrieve_response,
    kept::delete_response,
    kept::cancel_response,
    kept::list_response_input_items,
    embeddings,
    moderations,
    image_generations,
    image_edits,
    image_variations,
    speech,
    transcriptions,
    translations,
    rerank,
    messages,
    count_tokens,
    kept::upload_file,
    kept::list_files,
    kept::retrieve_file,
    kept::delete_file,
    kept::download_file,
    kept::create_batch,
    kept::list_batches,
    kept::retrieve_batch,
    kept::cancel_batch,
    list_models,
    retrieve_model
))]
struct DataPlane;

/// The descriptions of all calls.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    DataPlane::openapi()
}

/// What Keyward reads of a call. Everything else goes to the provider as it came.
#[derive(Serialize, ToSchema)]
struct CallBody {
    /// A model of the project's providers, `provider/model`, or one of the project's aliases.
    model: String,
    /// Whether the answer comes as a stream of events.
    stream: Option<bool>,
    /// Of a stream in OpenAI's dialect.
    stream_options: Option<StreamOptions>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What Keyward reads of a call whose provider has a model of its own.
#[derive(Serialize, ToSchema)]
struct OpenModelBody {
    /// As elsewhere. A key that may use certain models only must name one.
    model: Option<String>,
    /// Whether the answer comes as a stream of events.
    stream: Option<bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What Keyward reads of a form. Its other fields and files go to the provider as they came.
#[derive(Serialize, ToSchema)]
struct FormBody {
    /// A model of the project's providers, `provider/model`, or one of the project's aliases.
    model: String,
    /// Whether the answer comes as a stream of events.
    stream: Option<bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What a stream ends with.
#[derive(Serialize, ToSchema)]
struct StreamOptions {
    /// Whether the last event says how many tokens were used.
    include_usage: Option<bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// A refusal in Anthropic's envelope.
#[derive(Serialize, ToSchema)]
struct AnthropicErrorResponse {
    /// Always `error`.
    r#type: &'static str,
    /// What went wrong.
    error: AnthropicError,
}

/// What went wrong, as Anthropic tells it.
#[derive(Serialize, ToSchema)]
struct AnthropicError {
    /// The kind of error, such as `invalid_request_error`.
    r#type: &'static str,
    /// For people: what happened and what to do.
    message: String,
    /// Machine-readable reason, such as `model_not_allowed`.
    code: String,
}

/// Asks a model for the next message of a conversation (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/chat/completions", operation_id = "create-chat-completion", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn chat_completions() {}

/// Asks a model to go on with a text (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/completions", operation_id = "create-completion", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn completions() {}

/// Asks a model for a response (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/responses", operation_id = "create-response", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn responses() {}

/// Turns texts into vectors (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/embeddings", operation_id = "create-embedding", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn embeddings() {}

/// Says whether texts or pictures are harmful (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/moderations", operation_id = "create-moderation", tag = "Data plane", security(("api_key" = [])),
    request_body = OpenModelBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn moderations() {}

/// Makes pictures from a text (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/images/generations", operation_id = "create-image", tag = "Data plane", security(("api_key" = [])),
    request_body = OpenModelBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn image_generations() {}

/// Changes pictures as a text says (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/images/edits", operation_id = "create-image-edit", tag = "Data plane", security(("api_key" = [])),
    request_body(content = OpenModelBody, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn image_edits() {}

/// Makes pictures like another (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/images/variations", operation_id = "create-image-variation", tag = "Data plane", security(("api_key" = [])),
    request_body(content = OpenModelBody, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn image_variations() {}

/// Reads a text aloud (OpenAI's dialect). The answer is sound, passed on as it comes.
#[utoipa::path(
    post, path = "/v1/audio/speech", operation_id = "create-speech", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Vec<u8> = "application/octet-stream"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn speech() {}

/// Writes down what is said in a recording (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/audio/transcriptions", operation_id = "create-transcription", tag = "Data plane", security(("api_key" = [])),
    request_body(content = FormBody, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"), (String = "text/plain"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn transcriptions() {}

/// Writes down in English what is said in a recording (OpenAI's dialect).
#[utoipa::path(
    post, path = "/v1/audio/translations", operation_id = "create-translation", tag = "Data plane", security(("api_key" = [])),
    request_body(content = FormBody, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"), (String = "text/plain"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn translations() {}

/// Puts texts in the order of their relevance, at providers that speak OpenAI's dialect
/// and have it (in Cohere's and Jina's shape).
#[utoipa::path(
    post, path = "/v1/rerank", operation_id = "create-rerank", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = ErrorResponse),
    )
)]
fn rerank() {}

/// Asks a model for the next message of a conversation (Anthropic's dialect).
#[utoipa::path(
    post, path = "/v1/messages", operation_id = "create-message", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", content((Value = "application/json"), (String = "text/event-stream"))),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = AnthropicErrorResponse),
    )
)]
fn messages() {}

/// Counts the tokens of a message without asking a model (Anthropic's dialect). It is
/// sent to the provider, so it counts as a call.
#[utoipa::path(
    post, path = "/v1/messages/count_tokens", operation_id = "count-message-tokens", tag = "Data plane", security(("api_key" = [])),
    request_body = CallBody,
    responses(
        (status = 200, description = "The provider's answer, byte for byte.", body = Value),
        (status = "default", description = "A refusal of Keyward's, or the provider's own.", body = AnthropicErrorResponse),
    )
)]
fn count_tokens() {}

/// Lists the models and aliases that the key may use; in Anthropic's shape if
/// the request says `anthropic-version`.
#[utoipa::path(
    get, path = "/v1/models", operation_id = "list-models", tag = "Data plane", security(("api_key" = [])),
    responses(
        (status = 200, description = "The models.", body = Value),
        (status = "default", description = "A refusal.", body = ErrorResponse),
    )
)]
fn list_models() {}

/// Retrieves one of the models that the key may use.
#[utoipa::path(
    get, path = "/v1/models/{model}", operation_id = "retrieve-model", tag = "Data plane", security(("api_key" = [])),
    params(("model" = String, Path, description = "Its id, or `provider/model`")),
    responses(
        (status = 200, description = "The model.", body = Value),
        (status = "default", description = "A refusal.", body = ErrorResponse),
    )
)]
fn retrieve_model() {}
