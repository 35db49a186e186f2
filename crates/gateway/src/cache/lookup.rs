//! Whether a call is answered from the cache, and what becomes of it if it isn't.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use keyward_access::Authenticated;
use keyward_domain::clock::to_millis;
use keyward_provider::Operation;
use keyward_telemetry::journal::UsageRecord;

use super::{
    canonical::{Unfit, canonical},
    directives::Directives,
    fingerprint::{Dependencies, Fingerprint},
    recording::{Recording, Ticket},
    store::Kept,
};
use crate::{call::Call, error::CallError, forward::OVERHEAD, item::Item, resolve::Choice, respond::AnswerBody};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// A call that passed the checks up to the model.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) operation: Operation,
    pub(crate) choice: Choice<'a>,
    /// As the caller sent it.
    pub(crate) body: &'a [u8],
    /// The answer is one that the provider keeps.
    pub(crate) is_stored: bool,
    /// How long the caller's body was waited for.
    pub(crate) waited: Duration,
}

/// What the cache makes of a call.
pub(crate) enum Found {
    /// This is the answer.
    Answer(Box<Response<AnswerBody>>),
    /// The call goes out.
    Nothing(Passing),
}

/// A call that goes past the cache.
#[derive(Default)]
pub(crate) struct Passing {
    /// Why, in RFC 9211's words; `None` where there is no cache.
    status: Option<&'static str>,
    /// Its answer is to be kept.
    ticket: Option<Ticket>,
}

/// Looks whether the cache has the answer to a call. An answer that is given is
/// in the books when this returns.
pub(crate) fn lookup(call: &Call<'_>, caller: &Authenticated, question: &Question<'_>) -> Result<Found, CallError> {
    let shared = &call.core.shared;
    let project = &caller.key.project;
    let settings = project.state.load().cache;
    if !settings.enabled {
        return Ok(Found::Nothing(Passing::default()));
    }
    let said = Directives::of(&call.head.headers);
    let bypass = |status| match said.only_if_cached {
        true => Err(CallError::not_cached()),
        false => Ok(Found::Nothing(Passing { status: Some(status), ticket: None })),
    };
    if said.no_store {
        return bypass("fwd=bypass; detail=no-store");
    }
    if !can_be_kept(question.operation) {
        return bypass("fwd=bypass; detail=operation");
    }
    let form = match canonical(question.body) {
        Ok(_) if question.is_stored => return bypass("fwd=bypass; detail=stored-at-provider"),
        Err(Unfit::Kept) => return bypass("fwd=bypass; detail=stored-at-provider"),
        Err(Unfit::Tool) => return bypass("fwd=bypass; detail=provider-tool"),
        Err(Unfit::Body) => return bypass("fwd=bypass; detail=body"),
        Ok(form) => form,
    };
    let Choice { credential, model, .. } = question.choice;
    let fingerprint = Fingerprint::of(&Dependencies {
        project: project.id,
        generation: settings.generation,
        operation: question.operation,
        query: call.head.uri.query(),
        headers: &call.head.headers,
        credential,
        model,
        form: &form,
    });
    let now = to_millis(shared.parts.clock.now());
    let kept = shared.cache.find(&fingerprint, now);
    // Somebody may have shortened the time since it was kept.
    let longest = u64::from(settings.ttl_seconds);
    let is_good = |kept: &Kept| {
        !said.no_cache
            && said.max_age.is_none_or(|most| kept.age(now) <= most)
            && said.min_fresh.is_none_or(|least| kept.rest(now) >= least)
    };
    let status = match kept.filter(|kept| kept.age(now) < longest) {
        Some(kept) if is_good(&kept) => {
            count(call, caller, question)?;
            shared.cache.count(true);
            return Ok(Found::Answer(Box::new(answer(call, question, &kept, now))));
        }
        Some(_) => "fwd=request",
        None => "fwd=miss",
    };
    if said.only_if_cached {
        return Err(CallError::not_cached());
    }
    shared.cache.count(false);
    let ticket = Ticket { fingerprint, project: project.id, generation: settings.generation, ttl_seconds: longest };
    Ok(Found::Nothing(Passing { status: Some(status), ticket: Some(ticket) }))
}

/// Whether answers of this kind mean the same later. Pictures are links that
/// stop working, or larger than what is kept; forms are files.
const fn can_be_kept(operation: Operation) -> bool {
    match operation {
        Operation::ChatCompletions
        | Operation::Completions
        | Operation::Responses
        | Operation::Embeddings
        | Operation::Moderations
        | Operation::Speech
        | Operation::Rerank
        | Operation::Messages
        | Operation::CountTokens => true,
        Operation::ImageGenerations
        | Operation::ImageEdits
        | Operation::ImageVariations
        | Operation::Transcriptions
        | Operation::Translations => false,
    }
}

/// Writes into the books that the cache answered. Where that isn't possible it
/// doesn't answer, as nobody does.
fn count(call: &Call<'_>, caller: &Authenticated, question: &Question<'_>) -> Result<(), CallError> {
    let item = Item::call(question.choice.credential, question.choice.model, question.operation);
    let record = UsageRecord {
        api_key: caller.key.id.uuid(),
        project: caller.key.project.id.uuid(),
        credential: Some(item.credential.id.uuid()),
        ip: Some(call.address),
        previous_secret: caller.previous_secret,
        cost_nanos: Some(0),
        kind: item.kind,
        model: item.model(),
        cached: true,
        ..UsageRecord::default()
    };
    let ledger = &call.core.ledger;
    ledger.catch_up().and_then(|()| ledger.append(&record)).map_err(|_| CallError::journal_unavailable())
}

fn answer(call: &Call<'_>, question: &Question<'_>, kept: &Kept, now: i64) -> Response<AnswerBody> {
    let mut answer = Response::new(AnswerBody::Ready(Some(kept.body.clone())));
    let headers = answer.headers_mut();
    if let Some(content_type) = &kept.content_type {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    headers.insert(header::AGE, HeaderValue::from(kept.age(now)));
    if let Ok(status) = HeaderValue::try_from(format!("Keyward; hit; ttl={}", kept.rest(now))) {
        headers.insert(CACHE_STATUS, status);
    }
    let own = call.began.elapsed().saturating_sub(question.waited);
    headers.insert(OVERHEAD, HeaderValue::from(u64::try_from(own.as_micros()).unwrap_or(u64::MAX)));
    answer
}

impl Passing {
    /// Tells the caller how the call went past the cache, and begins to write
    /// down what is to be kept.
    pub(crate) fn watch(self, call: &Call<'_>, answer: &mut Response<AnswerBody>) {
        let Some(status) = self.status else { return };
        let shared = &call.core.shared;
        // What another credential answered isn't the answer of the one that was looked for.
        let ticket = self.ticket.filter(|_| shared.cache.has_memory() && !call.strayed.get());
        let ticket = ticket.and_then(|ticket| ticket.for_answer(answer.status(), answer.headers()));
        let mut is_kept = false;
        if let Some(ticket) = ticket
            && let content_type = answer.headers().get(header::CONTENT_TYPE).cloned()
            && let AnswerBody::Forward(forwarding) = answer.body_mut()
        {
            let recording = Recording::new(Arc::clone(shared), ticket, content_type);
            is_kept = forwarding.record(recording);
        }
        let stored = if is_kept { "; stored" } else { "" };
        if let Ok(status) = HeaderValue::try_from(format!("Keyward; {status}{stored}")) {
            // Behind what caches on the provider's side say.
            answer.headers_mut().append(CACHE_STATUS, status);
        }
    }
}

impl Ticket {
    /// The ticket, if an answer with this head is one to keep.
    fn for_answer(self, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let said = Directives::of(headers);
        let ttl_seconds = said.lifetime().unwrap_or(u64::MAX).min(self.ttl_seconds);
        let is_encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        let is_kept = status == StatusCode::OK && !said.no_store && !said.private && !is_encoded && ttl_seconds > 0;
        is_kept.then_some(Self { ttl_seconds, ..self })
    }
}
