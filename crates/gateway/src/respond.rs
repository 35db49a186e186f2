//! Answers as they leave: their bodies, and the headers that each of them has.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use keyward_domain::{id::RequestId, provider::Dialect};

use crate::{BoxError, ControlBody, error::CallError, stream::Forwarding};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What Anthropic's SDKs read it from.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const X_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const MAX_CLIENT_REQUEST_ID: usize = 512;

/// Marks a refusal of Keyward's own, and tells its code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusalCode(pub(crate) &'static str);

/// An answer's body.
pub(crate) enum AnswerBody {
    /// Known as a whole.
    Ready(Option<Bytes>),
    /// A provider's.
    Forward(Box<Forwarding>),
    /// Of what isn't the data plane.
    Control(ControlBody),
}

impl AnswerBody {
    pub(crate) fn empty() -> Self {
        Self::Ready(None)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Ready(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Forward(forwarding) => {
                Poll::Ready(ready!(forwarding.poll_frame(cx)).map(|frame| frame.map_err(Into::into)))
            }
            Self::Control(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ready(bytes) => bytes.is_none(),
            Self::Forward(forwarding) => forwarding.is_end(),
            Self::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ready(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Forward(forwarding) => forwarding.size_hint(),
            Self::Control(body) => body.size_hint(),
        }
    }
}

/// A whole answer in JSON.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<AnswerBody> {
    let mut answer = Response::new(AnswerBody::Ready(Some(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A provider's answer that was read as a whole.
pub(crate) fn whole(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<AnswerBody> {
    let mut answer = Response::new(AnswerBody::Ready(Some(body)));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

/// Keyward's own refusal.
pub(crate) fn refuse(error: &CallError, dialect: Dialect, request: RequestId) -> Response<AnswerBody> {
    let mut answer = json(error.status, error.envelope(dialect, request));
    answer.extensions_mut().insert(RefusalCode(error.code));
    let headers = answer.headers_mut();
    if error.status == StatusCode::SERVICE_UNAVAILABLE && !error.is_final {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Some(allow) = error.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    if error.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let is_repeated = matches!(error.status.as_u16(), 409 | 429 | 500..);
    if error.is_final && is_repeated {
        headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    answer
}

/// Names the request where Anthropic's SDKs look for it.
pub(crate) fn name_for_anthropic(id: RequestId, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
}

/// What names a request to both sides.
pub(crate) struct Names {
    pub(crate) id: RequestId,
    client_id: Option<HeaderValue>,
}

impl Names {
    /// `id` is Keyward's; a readable one of the caller's is echoed beside it.
    pub(crate) fn new(id: RequestId, headers: &HeaderMap) -> Self {
        let client_id = headers.get(&X_CLIENT_REQUEST_ID).filter(|value| {
            let text = value.as_bytes();
            (1..=MAX_CLIENT_REQUEST_ID).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
        });
        Self { id, client_id: client_id.cloned() }
    }

    /// Puts them on the answer.
    pub(crate) fn put(self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::try_from(self.id.to_string()) {
            headers.insert(X_REQUEST_ID, id);
        }
        if let Some(client_id) = self.client_id {
            headers.insert(X_CLIENT_REQUEST_ID, client_id);
        }
    }
}
