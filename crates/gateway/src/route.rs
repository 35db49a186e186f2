//! Which addresses the data plane knows. The path is compared as it came:
//! nothing is decoded, resolved or folded, so no spelling of a path can mean
//! one thing to a check and another to what comes behind it.

use std::borrow::Cow;

use http::{Method, StatusCode};
use keyward_domain::{provider::Dialect, provider_resource::ResourceKind};
use keyward_provider::Operation;

use crate::{
    error::CallError,
    resources::{Deed, Resource},
};

/// What is asked of the data plane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// A call to a model.
    Invoke(Operation),
    /// The list of models.
    Models,
    /// One of them, by its id.
    Model(Cow<'a, str>),
    /// Something that a provider keeps.
    Resource(Resource<'a>),
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

/// The methods that a known path takes.
pub(crate) fn allowed_method(path: &str) -> Option<&'static str> {
    resolve(path).map(|place| place.allow())
}

/// Check 5.
pub(crate) fn find<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, CallError> {
    let place = resolve(path).ok_or_else(|| {
        let shown: String = path.chars().take(200).collect();
        CallError::new(
            StatusCode::NOT_FOUND,
            "unknown_url",
            format!("There is nothing at {shown}. Check the base URL: it ends in /v1 for OpenAI's SDKs, before it for Anthropic's."),
        )
    })?;
    let allow = place.allow();
    if let Some(route) = place.route(method) {
        return Ok(route);
    }
    let message = format!("{path} doesn't take {method}. Use {allow}.");
    let error = CallError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    Err(CallError { allow: Some(allow), ..error })
}

/// What stands at a path, whatever is done with it.
enum Place<'a> {
    Post(Operation),
    Models,
    Model(Cow<'a, str>),
    /// All of a kind.
    All(ResourceKind),
    /// One of them.
    One(ResourceKind, &'a str),
    /// What belongs to one, or can be done with it.
    Part(ResourceKind, &'a str, Deed),
}

impl<'a> Place<'a> {
    const fn allow(&self) -> &'static str {
        match self {
            Self::Post(_) | Self::Part(_, _, Deed::Cancel) => "POST",
            Self::All(_) => "GET, POST",
            Self::One(ResourceKind::File | ResourceKind::Response, _) => "GET, DELETE",
            Self::Models | Self::Model(_) | Self::One(ResourceKind::Batch, _) | Self::Part(..) => "GET",
        }
    }

    /// `None` for a method that it doesn't take.
    fn route(self, method: &Method) -> Option<Route<'a>> {
        if !self.allow().split(", ").any(|allowed| allowed == method.as_str()) {
            return None;
        }
        Some(match (self, method.as_str()) {
            (Self::Post(operation), _) => Route::Invoke(operation),
            (Self::Models, _) => Route::Models,
            (Self::Model(id), _) => Route::Model(id),
            (Self::All(ResourceKind::File), "POST") => Route::Resource(Resource::Upload),
            (Self::All(_), "POST") => Route::Resource(Resource::Begin),
            (Self::All(kind), _) => Route::Resource(Resource::List(kind)),
            (Self::One(kind, id), "DELETE") => Route::Resource(Resource::One(kind, id, Deed::Delete)),
            (Self::One(kind, id), _) => Route::Resource(Resource::One(kind, id, Deed::Retrieve)),
            (Self::Part(kind, id, deed), _) => Route::Resource(Resource::One(kind, id, deed)),
        })
    }
}

fn resolve(path: &str) -> Option<Place<'_>> {
    match path {
        "/v1/chat/completions" => Some(Place::Post(Operation::ChatCompletions)),
        "/v1/completions" => Some(Place::Post(Operation::Completions)),
        "/v1/responses" => Some(Place::Post(Operation::Responses)),
        "/v1/embeddings" => Some(Place::Post(Operation::Embeddings)),
        "/v1/messages" => Some(Place::Post(Operation::Messages)),
        "/v1/messages/count_tokens" => Some(Place::Post(Operation::CountTokens)),
        "/v1/moderations" => Some(Place::Post(Operation::Moderations)),
        "/v1/images/generations" => Some(Place::Post(Operation::ImageGenerations)),
        "/v1/images/edits" => Some(Place::Post(Operation::ImageEdits)),
        "/v1/images/variations" => Some(Place::Post(Operation::ImageVariations)),
        "/v1/audio/transcriptions" => Some(Place::Post(Operation::Transcriptions)),
        "/v1/audio/translations" => Some(Place::Post(Operation::Translations)),
        "/v1/audio/speech" => Some(Place::Post(Operation::Speech)),
        "/v1/rerank" => Some(Place::Post(Operation::Rerank)),
        "/v1/files" => Some(Place::All(ResourceKind::File)),
        "/v1/batches" => Some(Place::All(ResourceKind::Batch)),
        MODELS => Some(Place::Models),
        _ => match path.strip_prefix(MODELS).and_then(|rest| rest.strip_prefix('/')) {
            Some(id) => (!id.is_empty()).then(|| Place::Model(decoded(id))),
            None => resource(path),
        },
    }
}

/// Something that a provider keeps; its id is looked at later.
fn resource(path: &str) -> Option<Place<'_>> {
    use ResourceKind::{Batch, File, Response};
    let roots = [("/v1/files/", File), ("/v1/batches/", Batch), ("/v1/responses/", Response)];
    let (rest, kind) = roots.into_iter().find_map(|(root, kind)| Some((path.strip_prefix(root)?, kind)))?;
    let (id, part) = rest.split_once('/').map_or((rest, None), |(id, part)| (id, Some(part)));
    if id.is_empty() {
        return None;
    }
    match (kind, part) {
        (_, None) => Some(Place::One(kind, id)),
        (File, Some("content")) => Some(Place::Part(kind, id, Deed::Content)),
        (Batch | Response, Some("cancel")) => Some(Place::Part(kind, id, Deed::Cancel)),
        (Response, Some("input_items")) => Some(Place::Part(kind, id, Deed::InputItems)),
        _ => None,
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
    fn what_providers_keep_has_its_places() {
        let at = |method: Method, path: &'static str| match find(&method, path) {
            Ok(Route::Resource(resource)) => resource,
            other => panic!("{method} {path}: {other:?}"),
        };
        use ResourceKind::{Batch, File, Response};
        assert_eq!(at(Method::POST, "/v1/files"), Resource::Upload);
        assert_eq!(at(Method::POST, "/v1/batches"), Resource::Begin);
        assert_eq!(at(Method::GET, "/v1/batches"), Resource::List(Batch));
        assert_eq!(at(Method::DELETE, "/v1/files/f"), Resource::One(File, "f", Deed::Delete));
        assert_eq!(at(Method::GET, "/v1/files/f/content"), Resource::One(File, "f", Deed::Content));
        assert_eq!(at(Method::POST, "/v1/batches/b/cancel"), Resource::One(Batch, "b", Deed::Cancel));
        assert_eq!(at(Method::GET, "/v1/responses/r"), Resource::One(Response, "r", Deed::Retrieve));
        assert_eq!(at(Method::GET, "/v1/responses/r/input_items"), Resource::One(Response, "r", Deed::InputItems));
        for path in ["/v1/files/", "/v1/files/f/", "/v1/files/f/cancel", "/v1/batches/b/content", "/v1/responses/r/x/y"]
        {
            assert_eq!(find(&Method::GET, path).unwrap_err().code, "unknown_url", "{path}");
        }
        for (method, path, allow) in [
            (Method::PUT, "/v1/files", "GET, POST"),
            (Method::POST, "/v1/files/f", "GET, DELETE"),
            (Method::DELETE, "/v1/batches/b", "GET"),
            (Method::GET, "/v1/responses/r/cancel", "POST"),
            (Method::DELETE, "/v1/responses", "POST"),
        ] {
            assert_eq!(find(&method, path).unwrap_err().allow, Some(allow), "{method} {path}");
        }
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
