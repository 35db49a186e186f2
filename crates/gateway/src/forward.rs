//! The way out and back: sends the call, and hands the provider's answer on in
//! its shape.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use keyward_access::Authenticated;
use keyward_provider::{
    Operation, UpstreamResponse,
    tap::{ResponseTap, is_event_stream},
};

use crate::{
    attempts::{self, Request, Sent},
    call::Call,
    candidates::Candidate,
    error::CallError,
    resources::{self, Keeper},
    respond::AnswerBody,
    settle::Settlement,
    stream::Forwarding,
    watch::Watch,
};

/// Keyward's own share of a call's time, in microseconds.
pub(crate) const OVERHEAD: HeaderName = HeaderName::from_static("keyward-overhead-us");

/// How many attempts a call took, where it was more than one.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("keyward-attempts");

/// A call that passed all checks.
pub(crate) struct Outgoing<'a> {
    pub(crate) caller: Authenticated,
    /// In the order to be asked.
    pub(crate) candidates: Vec<Candidate<'a>>,
    pub(crate) request: Request<'a>,
    pub(crate) operation: Operation,
    /// The caller wants a stream.
    pub(crate) stream: bool,
    /// The stream's usage frame was asked for by Keyward.
    pub(crate) adds_usage: bool,
    /// The answer is a response that the provider keeps.
    pub(crate) is_kept: bool,
    /// How long the caller's body was waited for.
    pub(crate) waited: Duration,
}

/// Sends the call. The settlement is closed on every way out of here, or goes
/// on with the answer.
pub(crate) async fn forward(
    call: &Call<'_>,
    outgoing: Outgoing<'_>,
    settlement: Box<Settlement>,
) -> Result<Response<AnswerBody>, CallError> {
    let Outgoing { caller, candidates, request, operation, stream, adds_usage, is_kept, waited } = outgoing;
    let mut watch = stream.then(|| Watch::new(Rc::clone(call.core), caller.clone()));
    let Sent { mut answer, settlement, credential, away } =
        attempts::send(call, &caller, &request, &candidates, &mut watch, settlement).await?;
    let tap = ResponseTap::for_response(operation, &answer.headers, adds_usage);
    let mut keeping = Duration::ZERO;
    let mut response = if is_kept && answer.status.is_success() {
        let keeper = Keeper::new(call, &caller, credential);
        let later = (settlement.model(), Rc::clone(&settlement.runs_on));
        if is_event_stream(&answer.headers) {
            let watch = watch.unwrap_or_else(|| Watch::new(Rc::clone(call.core), caller));
            let UpstreamResponse { status, headers, body } = answer;
            let opening = Box::pin(resources::keep_response(keeper, later, true, body));
            let forwarding = Forwarding::opening(operation, opening, tap, settlement, watch);
            with_head(status, headers, forwarding)
        } else {
            let since = Instant::now();
            answer.body = Box::pin(resources::keep_response(keeper, later, false, answer.body)).await;
            keeping = since.elapsed();
            hand_on(call, caller, operation, answer, tap, settlement, watch)
        }
    } else {
        hand_on(call, caller, operation, answer, tap, settlement, watch)
    };
    let own = call.began.elapsed().saturating_sub(away + waited + keeping);
    let own = u64::try_from(own.as_micros()).unwrap_or(u64::MAX);
    response.headers_mut().insert(OVERHEAD, HeaderValue::from(own));
    Ok(response)
}

/// The provider's answer on its way to the caller.
pub(crate) fn hand_on(
    call: &Call<'_>,
    caller: Authenticated,
    operation: Operation,
    answer: UpstreamResponse,
    tap: ResponseTap,
    settlement: Box<Settlement>,
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
