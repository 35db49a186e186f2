//! The way out and back: sends the call, turns a provider that can't be
//! reached into Keyward's answer, and hands any other answer on in its shape.

use std::{
    future::{Future, poll_fn},
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use keyward_access::{Authenticated, Refusal};
use keyward_domain::id::CredentialId;
use keyward_provider::{
    Ask, Operation, Target, UpstreamResponse,
    tap::{ResponseTap, is_event_stream},
};

use crate::{
    call::Call,
    error::CallError,
    resources::{self, Keeper},
    respond::AnswerBody,
    settle::Settlement,
    stream::Forwarding,
    watch::Watch,
};

/// Keyward's own share of a call's time, in microseconds.
pub(crate) const OVERHEAD: HeaderName = HeaderName::from_static("keyward-overhead-us");

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
    /// The answer is a response that the provider keeps, at this credential.
    pub(crate) keep: Option<CredentialId>,
    /// How long the caller's body was waited for.
    pub(crate) waited: Duration,
}

/// An answer whose head has come.
pub(crate) struct Sent {
    pub(crate) answer: UpstreamResponse,
    pub(crate) settlement: Settlement,
    /// How long the provider was waited for.
    pub(crate) away: Duration,
}

/// Sends the call. The settlement is closed on every way out of here, or goes
/// on with the answer.
pub(crate) async fn forward(
    call: &Call<'_>,
    outgoing: Outgoing,
    settlement: Settlement,
) -> Result<Response<AnswerBody>, CallError> {
    let Outgoing { caller, target, operation, body, stream, adds_usage, keep, waited } = outgoing;
    let mut watch = stream.then(|| Watch::new(Rc::clone(call.core), caller.clone()));
    let Sent { mut answer, settlement, away } =
        send(call, &target, operation.into(), call.head.uri.query(), body, &mut watch, settlement).await?;
    let tap = ResponseTap::for_response(operation, &answer.headers, adds_usage);
    let mut keeping = Duration::ZERO;
    let mut response = match keep.filter(|_| answer.status.is_success()) {
        None => hand_on(call, caller, operation, answer, tap, settlement, watch),
        Some(credential) => {
            let keeper = Keeper::new(call, &caller, credential);
            if is_event_stream(&answer.headers) {
                let watch = watch.unwrap_or_else(|| Watch::new(Rc::clone(call.core), caller));
                let UpstreamResponse { status, headers, body } = answer;
                let opening = Box::pin(resources::keep_response(keeper, true, body));
                let forwarding = Forwarding::opening(operation, opening, tap, settlement, watch);
                with_head(status, headers, forwarding)
            } else {
                let since = Instant::now();
                answer.body = resources::keep_response(keeper, false, answer.body).await;
                keeping = since.elapsed();
                hand_on(call, caller, operation, answer, tap, settlement, watch)
            }
        }
    };
    let own = call.began.elapsed().saturating_sub(away + waited + keeping);
    let own = u64::try_from(own.as_micros()).unwrap_or(u64::MAX);
    response.headers_mut().insert(OVERHEAD, HeaderValue::from(own));
    Ok(response)
}

/// Sends, and turns a provider that gives no answer into Keyward's. Watches
/// the key of a stream meanwhile: a provider may think for minutes before its
/// first word.
pub(crate) async fn send(
    call: &Call<'_>,
    target: &Target,
    ask: Ask<'_>,
    query: Option<&str>,
    body: Bytes,
    watch: &mut Option<Watch>,
    settlement: Settlement,
) -> Result<Sent, CallError> {
    let sending = Instant::now();
    let send = call.core.upstream.send(target, ask, query, &call.head.headers, body, settlement.begun());
    // An error here: the key stopped being usable while the provider was thinking.
    let sent = watched(send, watch.as_mut()).await?;
    let away = sending.elapsed();
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => {
            if !error.was_sent() {
                settlement.never_sent().await;
            }
            tracing::debug!(request = %call.id, %error, "no answer of the provider");
            return Err(CallError::from(&error));
        }
    };
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        settlement.refused();
        return Err(CallError::provider_authentication());
    }
    Ok(Sent { answer, settlement, away })
}

/// The provider's answer on its way to the caller.
pub(crate) fn hand_on(
    call: &Call<'_>,
    caller: Authenticated,
    operation: Operation,
    answer: UpstreamResponse,
    tap: ResponseTap,
    settlement: Settlement,
    watch: Option<Watch>,
) -> Response<AnswerBody> {
    let UpstreamResponse { status, headers, body } = answer;
    // Sound or a file of no known length is a stream too.
    let streams = is_event_stream(&headers) || (tap.is_unread() && body.exact_length().is_none());
    let watch = streams.then(|| watch.unwrap_or_else(|| Watch::new(Rc::clone(call.core), caller)));
    let forwarding = Forwarding::new(operation, status.is_success(), body, tap, settlement, watch);
    with_head(status, headers, forwarding)
}

fn with_head(status: StatusCode, headers: HeaderMap, forwarding: Forwarding) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Forward(Box::new(forwarding)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Waits, unless the key stops being usable meanwhile.
async fn watched<T>(wait: impl Future<Output = T>, mut watch: Option<&mut Watch>) -> Result<T, Refusal> {
    tokio::pin!(wait);
    poll_fn(|cx| {
        if let Poll::Ready(done) = wait.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        match watch.as_mut().and_then(|watch| watch.poll(cx)) {
            Some(refusal) => Poll::Ready(Err(refusal)),
            None => Poll::Pending,
        }
    })
    .await
}
