//! The way out and back: sends the call, turns a provider that can't be
//! reached into Keyward's answer, and hands any other answer on in its shape.

use std::{
    future::{Future as _, poll_fn},
    rc::Rc,
    sync::atomic::AtomicBool,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use keyward_access::{Authenticated, Refusal};
use keyward_provider::{
    Operation, Target, UpstreamResponse,
    http::SendError,
    tap::{ResponseTap, is_event_stream},
};

use crate::{call::Call, error::CallError, respond::AnswerBody, settle::Settlement, stream::Forwarding, watch::Watch};

/// Keyward's own share of a call's time, in microseconds.
const OVERHEAD: HeaderName = HeaderName::from_static("keyward-overhead-us");

/// A call that passed all checks.
pub(crate) struct Outgoing {
    pub(crate) caller: Authenticated,
    pub(crate) target: Target,
    pub(crate) operation: Operation,
    /// As the provider gets it.
    pub(crate) body: Bytes,
    /// The caller wants a stream.
    pub(crate) stream: bool,
    /// The stream's usage frame was asked for by Keyward.
    pub(crate) adds_usage: bool,
    /// How long the caller's body was waited for.
    pub(crate) waited: Duration,
}

/// Sends the call. The settlement is closed on every way out of here, or goes
/// on with the answer.
pub(crate) async fn forward(
    call: &Call<'_>,
    outgoing: Outgoing,
    settlement: Settlement,
) -> Result<Response<AnswerBody>, CallError> {
    let Outgoing { caller, target, operation, body, stream, adds_usage, waited } = outgoing;
    let mut watch = stream.then(|| Watch::new(Rc::clone(call.core), caller.clone()));
    let sending = Instant::now();
    let sent = send(call, (&target, operation), body, watch.as_mut(), settlement.begun()).await;
    let away = sending.elapsed();
    let answer = match sent {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            if !error.was_sent() {
                settlement.never_sent().await;
            }
            tracing::debug!(request = %call.id, %error, "no answer of the provider");
            return Err(CallError::from(&error));
        }
        // The key stopped being usable while the provider was thinking.
        Err(refusal) => return Err(refusal.into()),
    };
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        settlement.refused();
        return Err(CallError::provider_authentication());
    }

    let UpstreamResponse { status, headers, body } = answer;
    let tap = ResponseTap::for_response(operation, &headers, adds_usage);
    let watch = is_event_stream(&headers).then(|| watch.unwrap_or_else(|| Watch::new(Rc::clone(call.core), caller)));
    let forwarding = Forwarding::new(operation, status.is_success(), body, tap, settlement, watch);
    let mut response = Response::new(AnswerBody::Forward(Box::new(forwarding)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let own = call.began.elapsed().saturating_sub(away + waited);
    let own = u64::try_from(own.as_micros()).unwrap_or(u64::MAX);
    response.headers_mut().insert(OVERHEAD, HeaderValue::from(own));
    Ok(response)
}

/// Sends, and watches the key of a stream meanwhile: a provider may think for
/// minutes before its first word.
async fn send(
    call: &Call<'_>,
    (target, operation): (&Target, Operation),
    body: Bytes,
    mut watch: Option<&mut Watch>,
    begun: &AtomicBool,
) -> Result<Result<UpstreamResponse, SendError>, Refusal> {
    let head = &call.head;
    let send = call.core.upstream.send(target, operation, head.uri.query(), &head.headers, body, begun);
    tokio::pin!(send);
    poll_fn(|cx| {
        if let Poll::Ready(sent) = send.as_mut().poll(cx) {
            return Poll::Ready(Ok(sent));
        }
        match watch.as_mut().and_then(|watch| watch.poll(cx)) {
            Some(refusal) => Poll::Ready(Err(refusal)),
            None => Poll::Pending,
        }
    })
    .await
}
