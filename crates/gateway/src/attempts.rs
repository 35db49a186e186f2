//! The attempts of one call: its candidates are asked in turn until one gives an
//! answer that is the caller's, and never after anything of an answer went out.
//! Whether a call goes on is decided by rules without side effects
//! (`domain/attempt.rs`); here they are carried out and each attempt is noted.
//!
//! All attempts are one call to caps, limits and the books, which name whoever
//! answered.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::atomic::Ordering,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, header};
use keyward_access::{Authenticated, CredentialEntry, KeyEntry, Refusal};
use keyward_domain::{Timestamp, attempt::Outcome, id::CredentialId, usage::CallKind};
use keyward_provider::{Ask, UpstreamResponse, http::SendError};

use crate::{
    call::Call, candidates::Candidate, error::CallError, head::BodyHead, item::Item, resolve::Choice,
    settle::Settlement, splice::splice, watch::Watch,
};

/// Attempts that one call may make.
const MOST: u32 = 6;

/// What is asked, whoever answers.
pub(crate) struct Request<'a> {
    pub(crate) ask: Ask<'a>,
    pub(crate) query: Option<&'a str>,
    pub(crate) content: Content<'a>,
    /// To the books.
    pub(crate) kind: CallKind,
    /// About how many tokens it will use.
    pub(crate) tokens: u64,
    /// To do it twice costs twice, and does no other harm.
    pub(crate) may_repeat: bool,
}

/// What goes with it.
pub(crate) enum Content<'a> {
    /// The same for everybody.
    Same(Bytes),
    /// A call to a model, whose name is each candidate's own.
    OfModel {
        body: &'a Bytes,
        wish: &'a BodyHead<'a>,
        /// Keyward asks for the stream's usage frame.
        adds_usage: bool,
    },
}

/// An answer whose head has come.
pub(crate) struct Sent {
    pub(crate) answer: UpstreamResponse,
    pub(crate) settlement: Box<Settlement>,
    /// Who answered.
    pub(crate) credential: CredentialId,
    /// How long providers were waited for.
    pub(crate) away: Duration,
}

/// How one attempt ended.
struct Tried {
    outcome: Outcome,
    was_sent: bool,
    answer: Result<UpstreamResponse, CallError>,
    retry_after: Option<Duration>,
}

/// Sends the call to its candidates, of which there is one at least, until one
/// of them answers. When all fail, the last answer of a provider is the
/// caller's; a provider that gives none becomes Keyward's. Watches the key of a
/// stream meanwhile: a provider may think for minutes before its first word.
pub(crate) async fn send(
    call: &Call<'_>,
    caller: &Authenticated,
    request: &Request<'_>,
    candidates: &[Candidate<'_>],
    watch: &mut Option<Watch>,
    settlement: Box<Settlement>,
) -> Result<Sent, CallError> {
    let began = Instant::now();
    let by = began + call.core.shared.options.call_timeout;
    let mut way = Way { call, key: &caller.key, request, candidates, settlement, made: 0 };
    let mut repeats = 0;
    let mut soonest: Option<(Instant, usize)> = None;
    let (mut any_sent, mut only_rejected) = (false, true);
    let (mut kept, mut error) = (None, None);
    let mut next = way.first().await;
    while let Some((at, candidate)) = next {
        if way.made > 0 {
            if !any_sent {
                way.settlement.begun().store(false, Ordering::Relaxed);
            }
            let parts = &call.core.shared.parts;
            parts.index.recheck(caller, parts.clock.now())?;
        }
        let others_wait = candidates.len() > at + 1 && repeats == 0;
        // An error here: the key stopped being usable while the provider was thinking.
        let tried = way.attempt(candidate, (by, others_wait), watch).await?;
        let Tried { outcome, was_sent, answer, retry_after } = tried;
        let credential = candidate.choice.credential.id;
        let answer = match answer {
            Ok(answer) if outcome == Outcome::Answered => {
                call.trail.credential(credential);
                return Ok(Sent { answer, settlement: way.settlement, credential, away: began.elapsed() });
            }
            answer => answer,
        };
        any_sent |= was_sent;
        only_rejected &= outcome == Outcome::CredentialRejected || !was_sent;
        match answer {
            Ok(_) if outcome == Outcome::CredentialRejected => error = Some(CallError::provider_authentication()),
            Ok(answer) => kept = Some((candidate, answer)),
            Err(silent) => error = Some(silent),
        }
        next = None;
        let now = Instant::now();
        if way.made < MOST && now < by && outcome.goes_on(was_sent, request.may_repeat) {
            if let Some(wait) = outcome.pause(was_sent, request.may_repeat, retry_after, repeats)
                && soonest.is_none_or(|(ready, _)| now + wait < ready)
            {
                soonest = Some((now + wait, at));
            }
            if repeats == 0 {
                next = way.next(at + 1).await;
            }
            if next.is_none()
                && let Some((ready, at)) = soonest.take().filter(|(ready, _)| *ready < by)
            {
                repeats += 1;
                watched(pin!(tokio::time::sleep_until(ready.into())), watch.as_mut(), None).await?;
                next = way.turn_to(at).await;
            }
        }
    }
    let Way { mut settlement, .. } = way;
    if let Some((candidate, answer)) = kept {
        settlement.aim(item(&candidate.choice, request));
        let credential = candidate.choice.credential.id;
        call.trail.credential(credential);
        return Ok(Sent { answer, settlement, credential, away: began.elapsed() });
    }
    if !any_sent {
        Box::pin(settlement.never_sent()).await;
    } else if only_rejected {
        settlement.refused();
    }
    Err(error.unwrap_or_else(CallError::panicked))
}

/// A call on its way from one candidate to the next.
struct Way<'a, 'b> {
    call: &'a Call<'b>,
    key: &'a KeyEntry,
    request: &'a Request<'a>,
    candidates: &'a [Candidate<'a>],
    settlement: Box<Settlement>,
    /// How many attempts there were.
    made: u32,
}

impl<'a> Way<'a, '_> {
    /// The first to be asked. Where all have trouble, the one that is over it
    /// first: better than to refuse without asking.
    async fn first(&mut self) -> Option<(usize, &'a Candidate<'a>)> {
        if let Some(found) = self.next(0).await {
            return Some(found);
        }
        let (shared, project) = (&self.call.core.shared, self.key.project.id);
        let now = shared.parts.clock.now();
        let open_until = |credential: &CredentialEntry| shared.breakers.open_until(project, credential, now);
        let candidates = self.candidates.iter().enumerate();
        let (at, _) = candidates.min_by_key(|(_, candidate)| open_until(candidate.choice.credential))?;
        match self.turn_to(at).await {
            None => self.turn_to(0).await,
            found => found,
        }
    }

    /// The next from `at` on that has no trouble.
    async fn next(&mut self, at: usize) -> Option<(usize, &'a Candidate<'a>)> {
        let (shared, project) = (&self.call.core.shared, self.key.project.id);
        for (at, candidate) in self.candidates.iter().enumerate().skip(at) {
            let is_well = shared.breakers.all_well()
                || shared.breakers.admits(project, candidate.choice.credential, shared.parts.clock.now());
            if is_well && let Some(found) = self.turn_to(at).await {
                return Some(found);
            }
        }
        None
    }

    /// Makes that candidate the one whom the books name, if the call is within
    /// the limits of its model too.
    async fn turn_to(&mut self, at: usize) -> Option<(usize, &'a Candidate<'a>)> {
        let candidate = self.candidates.get(at)?;
        if at > 0 {
            self.call.strayed.set(true);
        }
        if let Content::OfModel { wish, .. } = &self.request.content
            && (at > 0 || self.made > 0)
        {
            if self.key.limits_models() {
                let limits = candidate.choice.ask(&wish.model, |names| self.key.limits_of(names));
                Box::pin(self.settlement.also_within(limits, self.request.tokens)).await.ok()?;
            }
            self.settlement.aim(item(&candidate.choice, self.request));
        }
        Some((at, candidate))
    }

    /// Asks one candidate, and notes how that ended.
    async fn attempt(
        &mut self,
        candidate: &Candidate<'_>,
        (by, others_wait): (Instant, bool),
        watch: &mut Option<Watch>,
    ) -> Result<Tried, Refusal> {
        let Self { call, request, settlement, .. } = self;
        let shared = &call.core.shared;
        let began = Instant::now();
        let left = by.saturating_duration_since(began);
        let limit = if others_wait { left.min(shared.options.attempt_timeout) } else { left };
        // The client has limits of its own: no clock where those come first.
        let client = &shared.options.client;
        let limit = (limit < client.connect_timeout + client.head_timeout).then_some(limit);
        self.made += 1;
        call.attempts.set(self.made);
        let begun = settlement.begun();
        let content = request.content.for_choice(&candidate.choice);
        let (ask, headers) = (request.ask.clone(), &call.head.headers);
        // Pinned here: it is large, and moving it costs more than polling it.
        let sending = pin!(call.core.upstream.send(&candidate.target, ask, request.query, headers, content, begun));
        let sent = watched(sending, watch.as_mut(), limit).await?;
        let now = || shared.parts.clock.now();
        let tried = match sent {
            Some(Ok(answer)) => {
                let outcome = Outcome::of_status(answer.status.as_u16());
                let asks_again = outcome != Outcome::Answered;
                let retry_after = asks_again.then(|| retry_after(&answer.headers, now())).flatten();
                Tried { outcome, was_sent: true, retry_after, answer: Ok(answer) }
            }
            Some(Err(error)) => {
                tracing::debug!(request = %call.id, %error, "no answer of the provider");
                Tried {
                    outcome: outcome(&error),
                    was_sent: error.was_sent(),
                    retry_after: None,
                    answer: Err(CallError::from(&error)),
                }
            }
            None => Tried {
                outcome: Outcome::TimedOut,
                was_sent: begun.load(Ordering::Relaxed),
                retry_after: None,
                answer: Err(CallError::provider_timeout()),
            },
        };
        let credential = candidate.choice.credential;
        if !(tried.outcome == Outcome::Answered && shared.breakers.all_well()) {
            shared.breakers.ended(self.key.project.id, credential, (tried.outcome, tried.retry_after), now());
        }
        note(call, credential, &tried, (self.made, began));
        Ok(tried)
    }
}

impl Content<'_> {
    fn for_choice(&self, choice: &Choice<'_>) -> Bytes {
        match self {
            Self::Same(body) => body.clone(),
            Self::OfModel { body, wish, adds_usage } => {
                let rename = (choice.model != wish.model).then_some(choice.model);
                splice(body, wish, rename, *adds_usage)
            }
        }
    }
}

fn item<'a>(choice: &Choice<'a>, request: &Request<'_>) -> Item<'a> {
    Item { credential: choice.credential, model: choice.model, kind: request.kind }
}

fn outcome(error: &SendError) -> Outcome {
    match error {
        SendError::Blocked { .. } => Outcome::Blocked,
        SendError::InvalidRequest { .. } => Outcome::Unsendable,
        SendError::TimedOut { .. } => Outcome::TimedOut,
        SendError::Malformed { .. } => Outcome::Malformed,
        SendError::Unreachable { .. } | SendError::Tls { .. } if error.was_sent() => Outcome::BrokenOff,
        SendError::Unreachable { .. } | SendError::Tls { .. } => Outcome::Unreachable,
    }
}

/// One line for an attempt that says more than the line of its call.
fn note(call: &Call<'_>, credential: &CredentialEntry, tried: &Tried, (number, began): (u32, Instant)) {
    call.core.counts.attempt(tried.outcome);
    if tried.outcome == Outcome::Answered && number == 1 {
        return;
    }
    let (request, credential, outcome) = (call.id, credential.id, tried.outcome.as_str());
    let status = tried.answer.as_ref().ok().map(|answer| answer.status.as_u16());
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if tried.answer.is_ok() && tried.outcome != Outcome::CredentialRejected {
        tracing::info!(%request, %credential, attempt = number, outcome, status, milliseconds, "attempt");
    } else {
        tracing::warn!(%request, %credential, attempt = number, outcome, status, milliseconds, "attempt");
    }
}

/// What a provider says of when to ask again: milliseconds, seconds or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|milliseconds| milliseconds / 1000.0)
        .or_else(|| number(header::RETRY_AFTER.as_str()));
    if let Some(seconds) = seconds {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text(header::RETRY_AFTER.as_str())?).ok()?;
    date.duration_since(now.into()).ok()
}

/// Waits, unless the key stops being usable meanwhile; `None`: not within `limit`.
async fn watched<T>(
    mut wait: Pin<&mut impl Future<Output = T>>,
    mut watch: Option<&mut Watch>,
    limit: Option<Duration>,
) -> Result<Option<T>, Refusal> {
    let mut alarm = pin!(limit.map(tokio::time::sleep));
    poll_fn(|cx| {
        if let Poll::Ready(done) = wait.as_mut().poll(cx) {
            return Poll::Ready(Ok(Some(done)));
        }
        if let Some(refusal) = watch.as_mut().and_then(|watch| watch.poll(cx)) {
            return Poll::Ready(Err(refusal));
        }
        match alarm.as_mut().as_pin_mut() {
            Some(alarm) => alarm.poll(cx).map(|()| Ok(None)),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_say_when_to_ask_again_are_read() {
        let now = Timestamp::from_second(1_792_567_670).unwrap();
        for (headers, expected) in [
            (&[("retry-after", "2")][..], Some(Duration::from_secs(2))),
            (&[("retry-after", "0.25")], Some(Duration::from_millis(250))),
            (&[("retry-after", "9"), ("retry-after-ms", "1500")], Some(Duration::from_millis(1500))),
            (&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], Some(Duration::from_secs(10))),
            (&[("retry-after", "Wed, 21 Oct 2026 07:27:49 GMT")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "1e300")], None),
            (&[], None),
        ] {
            let headers = headers
                .iter()
                .map(|(name, value)| ((*name).parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(retry_after(&headers, now), expected, "{headers:?}");
        }
    }
}
