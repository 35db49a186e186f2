//! Asking a provider which models it has: the test of a credential, and how a
//! bare model name finds its provider.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use keyward_domain::provider::{Dialect, Provider};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{
    Target, Upstream, demo,
    http::{BodyError, OutgoingRequest, SendError},
    operation::model_list_path,
    target::Network,
};

/// For the whole exchange, from connecting to the last byte.
pub const MODEL_LIST_TIME: Duration = Duration::from_secs(10);
/// The longest list that is read, in bytes.
pub const MODEL_LIST_BYTES: usize = 4 * 1024 * 1024;
/// The most models that are taken of a list; the largest that is known has a
/// few hundred. A server that lists 300,000 would hold up all other callers.
pub const MODEL_LIST_MODELS: usize = 5_000;
/// The longest id that is taken, in bytes.
const MODEL_ID_BYTES: usize = 512;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ModelListError {
    /// The provider doesn't know the secret, or the secret may not do this (401, 403).
    #[error("the provider rejects the credential (status {})", .0.as_u16())]
    Rejected(StatusCode),
    /// No connection, or it broke.
    #[error("the provider can't be reached: {0}")]
    Unreachable(String),
    /// The provider's address may not be connected to.
    #[error("the provider's address is not allowed: {0}")]
    Blocked(String),
    /// It took more than [`MODEL_LIST_TIME`].
    #[error("the provider didn't answer its model list in {} seconds", MODEL_LIST_TIME.as_secs())]
    TimedOut,
    /// An answer came that isn't a list of models.
    #[error("the provider's answer (status {}) is not a list of models", .0.as_u16())]
    NotAList(StatusCode),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    /// Ollama without models writes `null`.
    Object {
        #[serde(deserialize_with = "Option::deserialize")]
        data: Option<Vec<Model>>,
    },
    /// Together's.
    Bare(Vec<Model>),
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

impl Upstream {
    /// The ids of all models behind `target`, in the provider's order and
    /// spelling (Google's without their `models/`).
    pub async fn models(&self, target: &Target) -> Result<Vec<String>, ModelListError> {
        let Some(network) = target.network() else {
            return Ok(demo::MODELS.iter().map(|model| (*model).to_owned()).collect());
        };
        let ask = Box::pin(self.ask(target, network));
        let (status, body) = timeout(MODEL_LIST_TIME, ask).await.map_err(|_| ModelListError::TimedOut)??;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ModelListError::Rejected(status)),
            status if !status.is_success() => Err(ModelListError::NotAList(status)),
            status => ids(&body).ok_or(ModelListError::NotAList(status)),
        }
    }

    async fn ask(&self, target: &Target, network: &Network) -> Result<(StatusCode, Bytes), ModelListError> {
        let dialect = match target.provider() {
            Provider::Anthropic => Dialect::Anthropic,
            _ => Dialect::OpenAi,
        };
        let mut own = HeaderMap::new();
        own.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        own.insert(header::USER_AGENT, HeaderValue::from_static(concat!("keyward/", env!("CARGO_PKG_VERSION"))));
        let request = OutgoingRequest {
            method: Method::GET,
            target: &[network.endpoint.path(), model_list_path(target.provider())].concat(),
            headers: &target.headers(&own, dialect),
            body: Bytes::new(),
        };
        let answer = self.client.send(&network.endpoint, request).await?;
        if !answer.status.is_success() {
            return Ok((answer.status, Bytes::new()));
        }
        match answer.body.collect(MODEL_LIST_BYTES).await {
            Ok(body) => Ok((answer.status, body)),
            Err(BodyError::TimedOut) => Err(ModelListError::TimedOut),
            Err(BodyError::Truncated) => Err(ModelListError::Unreachable(BodyError::Truncated.to_string())),
            Err(BodyError::TooLarge | BodyError::Malformed(_)) => Err(ModelListError::NotAList(answer.status)),
        }
    }
}

fn ids(body: &[u8]) -> Option<Vec<String>> {
    let models = match serde_json::from_slice(body).ok()? {
        List::Object { data } => data.unwrap_or_default(),
        List::Bare(models) => models,
    };
    let id = |model: Model| model.id.strip_prefix("models/").map(str::to_owned).unwrap_or(model.id);
    // No call could name what is left out: see the gateway's reading of `model`.
    let can_be_named = |id: &String| id.len() <= MODEL_ID_BYTES && !id.chars().any(char::is_control);
    Some(models.into_iter().map(id).filter(can_be_named).take(MODEL_LIST_MODELS).collect())
}

impl From<SendError> for ModelListError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Blocked { .. } => Self::Blocked(error.to_string()),
            SendError::TimedOut { .. } => Self::TimedOut,
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_goes_on_and_on_is_cut() {
        let list = |ids: Vec<String>| {
            let models: Vec<_> = ids.into_iter().map(|id| serde_json::json!({ "id": id })).collect();
            super::ids(serde_json::json!({ "data": models }).to_string().as_bytes()).unwrap()
        };
        let many = list((0..=MODEL_LIST_MODELS).map(|n| n.to_string()).collect());
        assert_eq!((many.len(), many.last().map(String::as_str)), (MODEL_LIST_MODELS, Some("4999")));
        assert_eq!(list(vec!["a\nb".into(), "\u{1b}[2J".into(), "x".repeat(513), "good".into()]), ["good"]);
    }

    #[test]
    fn lists_of_every_provider_are_read() {
        let google = br#"{"object":"list","data":[{"id":"models/gemini-pro","object":"model"}]}"#;
        assert_eq!(ids(google).unwrap(), ["gemini-pro"]);
        let anthropic = br#"{"data":[{"type":"model","id":"claude-x","display_name":"X"}],"has_more":false}"#;
        assert_eq!(ids(anthropic).unwrap(), ["claude-x"]);
        assert_eq!(ids(br#"{"object":"list","data":[]}"#).unwrap(), Vec::<String>::new());
        assert_eq!(ids(br#"{"object":"list","data":null}"#).unwrap(), Vec::<String>::new());
        assert_eq!(ids(br#"[{"id":"a/b"}]"#).unwrap(), ["a/b"]);
        for wrong in ["<html>", "{}", "[1]", r#"{"data":[{"name":"x"}]}"#, r#"{"data":{}}"#] {
            assert_eq!(ids(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
