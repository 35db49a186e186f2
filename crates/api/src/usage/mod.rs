//! What calls used and cost, in the specification's shapes: pages of times, each
//! with its results. Kinds of usage that Keyward doesn't meter have no address.

mod completions;
mod costs;
mod embeddings;
mod object;
mod query;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(completions::completions))
        .routes(routes!(embeddings::embeddings))
        .routes(routes!(costs::costs))
}
