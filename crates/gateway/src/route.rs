//! Which addresses the data plane knows. The path is compared as it came:
//! nothing is decoded, resolved or folded, so no spelling of a path can mean
//! one thing to a check and another to what comes behind it.

use std::borrow::Cow;

use http::{Method, StatusCode};
use keyward_domain::provider::Dialect;
use keyward_provider::Operation;

use crate::error::CallError;

/// What is asked of the data plane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// A call to a model.
    Invoke(Operation),
    /// The list of models.
    Models,
    /// One of them, by its id.
    Model(Cow<'a, str>),
}

const MODELS: &str = "/v1/models";

/// Whether the data plane answers for this path, known or not. What is under
/// `/v1` and not administration needs an API key even to be told that it isn't
/// there.
pub(crate) fn is_data_plane(path: &str) -> bool {
    let under = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    under("/v1") && !["/v1/organization", "/v1/projects", "/v1/auth", "/v1/account"].into_iter().any(under)
}

/// The dialect in which an error on this path is told.
pub(crate) fn dialect(path: &str) -> Dialect {
    match path.strip_prefix("/v1/messages") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Dialect::Anthropic,
        _ => Dialect::OpenAi,
    }
}

/// The method that a known path takes.
pub(crate) fn allowed_method(path: &str) -> Option<&'static str> {
    resolve(path).map(|route| if matches!(route, Route::Invoke(_)) { "POST" } else { "GET" })
}

/// Check 5.
pub(crate) fn find<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, CallError> {
    let route = resolve(path).ok_or_else(|| {
        let shown: String = path.chars().take(200).collect();
        CallError::new(
            StatusCode::NOT_FOUND,
            "unknown_url",
            format!("There is nothing at {shown}. Check the base URL: it ends in /v1 for OpenAI's SDKs, before it for Anthropic's."),
        )
    })?;
    let allow = if matches!(route, Route::Invoke(_)) { "POST" } else { "GET" };
    if method.as_str() == allow {
        return Ok(route);
    }
    let message = format!("{path} doesn't take {method}. Use {allow}.");
    let error = CallError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    Err(CallError { allow: Some(allow), ..error })
}

fn resolve(path: &str) -> Option<Route<'_>> {
    match path {
        "/v1/chat/completions" => Some(Route::Invoke(Operation::ChatCompletions)),
        "/v1/completions" => Some(Route::Invoke(Operation::Completions)),
        "/v1/responses" => Some(Route::Invoke(Operation::Responses)),
        "/v1/embeddings" => Some(Route::Invoke(Operation::Embeddings)),
        "/v1/messages" => Some(Route::Invoke(Operation::Messages)),
        "/v1/messages/count_tokens" => Some(Route::Invoke(Operation::CountTokens)),
        "/v1/moderations" => Some(Route::Invoke(Operation::Moderations)),
        "/v1/images/generations" => Some(Route::Invoke(Operation::ImageGenerations)),
        "/v1/images/edits" => Some(Route::Invoke(Operation::ImageEdits)),
        "/v1/images/variations" => Some(Route::Invoke(Operation::ImageVariations)),
        "/v1/audio/transcriptions" => Some(Route::Invoke(Operation::Transcriptions)),
        "/v1/audio/translations" => Some(Route::Invoke(Operation::Translations)),
        "/v1/audio/speech" => Some(Route::Invoke(Operation::Speech)),
        "/v1/rerank" => Some(Route::Invoke(Operation::Rerank)),
        MODELS => Some(Route::Models),
        _ => {
            let id = path.strip_prefix(MODELS)?.strip_prefix('/').filter(|id| !id.is_empty())?;
            Some(Route::Model(decoded(id)))
        }
    }
}

/// A model's id out of a path: SDKs write its slashes as `%2F`. It is only
/// compared with names, never passed on. What isn't an escape stays as it is.
fn decoded(id: &str) -> Cow<'_, str> {
    if !id.contains('%') {
        return Cow::Borrowed(id);
    }
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u8::from_str_radix(hex, 16).ok()
        });
        bytes.push(escaped.unwrap_or(*first));
        rest = behind.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(id), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_paths_are_routes() {
        assert_eq!(find(&Method::POST, "/v1/messages"), Ok(Route::Invoke(Operation::Messages)));
        assert_eq!(find(&Method::GET, "/v1/models"), Ok(Route::Models));
        for path in [
            "/v1",
            "/v1/",
            "/v1//models",
            "/v1/./models",
            "/v1/models/",
            "/v1/chat/completions/",
            "/v1/Chat/completions",
            "/v1/chat%2fcompletions",
            "/v1/x/../models",
            "/v1/modelsx",
            "/v1/organization%2fprojects",
        ] {
            assert!(is_data_plane(path), "{path}");
            assert_eq!(find(&Method::POST, path).unwrap_err().code, "unknown_url", "{path}");
        }
    }

    #[test]
    fn a_known_path_tells_its_method() {
        let error = find(&Method::GET, "/v1/embeddings").unwrap_err();
        assert_eq!((error.code, error.allow), ("method_not_allowed", Some("POST")));
        assert_eq!(find(&Method::DELETE, "/v1/models/a").unwrap_err().allow, Some("GET"));
    }

    #[test]
    fn administration_and_everything_else_is_not_the_data_planes() {
        for path in [
            "/",
            "/healthz",
            "/v2",
            "/v1x",
            "//v1/models",
            "/v1/organization",
            "/v1/organization/x",
            "/v1/projects/p",
            "*",
            "",
        ] {
            assert!(!is_data_plane(path), "{path}");
        }
        for path in ["/v1/organizations", "/v1/projectsx", "/v1/organization%2f"] {
            assert!(is_data_plane(path), "{path}");
        }
    }

    #[test]
    fn ids_of_models_may_hold_slashes() {
        let id = |path: &'static str| match find(&Method::GET, path) {
            Ok(Route::Model(id)) => id.into_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(id("/v1/models/openai/gpt-4o"), "openai/gpt-4o");
        assert_eq!(id("/v1/models/openai%2Fgpt%3a4"), "openai/gpt:4");
        assert_eq!(id("/v1/models/a%2"), "a%2");
        assert_eq!(id("/v1/models/a%+1%zz"), "a%+1%zz");
        assert_eq!(id("/v1/models/%ff"), "%ff");
    }
}
