//! Limits as one process counts them.

use std::task::{Context, Poll, Waker};

use keyward_domain::{
    clock::from_millis,
    id::{LimitId, OrganizationId, ProjectId},
    limit::ProjectLimit,
};

use super::*;

fn limit(number: u128, model: Option<&str>, limits: Limits) -> Arc<LimitEntry> {
    let at = Timestamp::UNIX_EPOCH;
    let limit = ProjectLimit {
        id: LimitId::from_uuid(Uuid::from_u128(number)),
        organization: OrganizationId::from_uuid(Uuid::nil()),
        project: ProjectId::from_uuid(Uuid::nil()),
        model: model.map(str::to_owned),
        limits,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    LimitEntry::of_project(&limit, &[])
}

const NOW: i64 = 1_800_000_000_000_000_000;

#[test]
fn a_call_is_counted_by_all_of_its_limits_or_by_none() {
    let wide = limit(1, None, Limits { requests_per_minute: Some(100), ..Limits::default() });
    let narrow = limit(2, Some("gpt*"), Limits { requests_per_minute: Some(1), ..Limits::default() });
    let both = [wide.clone(), narrow.clone()];
    let left = |entry: &LimitEntry, state: &LimitState| {
        state.remaining(&entry.limits, Measure::Requests, NOW).map(|(_, remaining)| remaining)
    };
    assert!(admit_here(&both, 0, NOW).is_ok());
    let refused = admit_here(&both, 0, NOW).unwrap_err();
    assert_eq!(refused.at, 1);
    assert_eq!((left(&wide, &refused.looks[0].state), left(&narrow, &refused.looks[1].state)), (Some(99), Some(0)));
    assert_eq!(wide.lock().running, 1);
    let looks = admit_here(std::slice::from_ref(&wide), 0, NOW).unwrap();
    assert_eq!(left(&wide, &looks[0].state), Some(98));
}

#[test]
fn a_limit_of_a_model_knows_it_by_any_name_and_in_any_letters() {
    let limit = limit(1, Some("gpt-4o*"), Limits::default());
    assert!(limit.holds(&["fast", "GPT-4o-mini"]));
    assert!(!limit.holds(&["o4-mini", "openai/o4-mini"]));
}

#[test]
fn parallel_calls_are_exact_under_contention() {
    let entry = limit(1, None, Limits { parallel_requests: Some(7), ..Limits::default() });
    let limits = [entry.clone()];
    let most = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    if admit_here(&limits, 0, NOW).is_ok() {
                        let running = entry.lock().running;
                        most.fetch_max(running, std::sync::atomic::Ordering::Relaxed);
                        let mut state = entry.lock();
                        *state = CallEnd::Unknown.apply(*state, &entry.limits, 0);
                    }
                }
            });
        }
    });
    assert!(most.into_inner() <= 7);
    assert_eq!(entry.lock().running, 0);
}

/// One process alone, at [`NOW`].
fn admit(limits: &[Arc<LimitEntry>], seen: &mut Vec<LimitSeen>) -> Result<Admission, Refusal> {
    admit_by(&RateLimits::Local, limits, seen)
}

fn admit_by(
    counting: &RateLimits,
    limits: &[Arc<LimitEntry>],
    seen: &mut Vec<LimitSeen>,
) -> Result<Admission, Refusal> {
    let mut admitting = std::pin::pin!(counting.admit(limits.to_vec(), 5, from_millis(NOW / 1_000_000), seen));
    match admitting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(admitted) => admitted,
        Poll::Pending => panic!("nothing is waited for"),
    }
}

#[test]
fn a_limit_in_shadow_mode_tells_what_it_would_refuse_and_counts_what_is_within_it() {
    let shadow = limit(1, None, Limits { requests_per_minute: Some(2), shadow: true, ..Limits::default() });
    let enforced = limit(2, None, Limits { parallel_requests: Some(9), ..Limits::default() });
    let both = [shadow.clone(), enforced.clone()];
    let calls: Vec<_> = (0..4)
        .map(|number| {
            let mut seen = Vec::new();
            let call = admit(&both, &mut seen).unwrap();
            let would_refuse = (number >= 2).then_some(Measure::Requests);
            assert_eq!(seen.iter().map(|seen| seen.would_refuse).collect::<Vec<_>>(), [would_refuse, None]);
            assert_eq!((call.would_refuse, call.standing.requests), (number >= 2, None), "callers aren't told");
            assert!(call.holds(&shadow) && call.holds(&enforced), "no second candidate asks again");
            call
        })
        .collect();
    assert_eq!((shadow.lock().running, enforced.lock().running), (2, 4));
    for call in &calls {
        RateLimits::Local.end(call, CallEnd::Used(1_000));
    }
    assert_eq!((shadow.lock().running, enforced.lock().running), (0, 0));
}

#[test]
fn what_an_enforced_limit_refuses_is_counted_by_none_in_shadow_mode_either() {
    let shadow = limit(1, None, Limits { requests_per_minute: Some(1), shadow: true, ..Limits::default() });
    let enforced = limit(2, None, Limits { requests_per_minute: Some(2), ..Limits::default() });
    let behind = limit(3, None, Limits { tokens_per_minute: Some(1), shadow: true, ..Limits::default() });
    let all = [shadow.clone(), enforced.clone(), behind.clone()];
    for _ in 0..2 {
        admit(&all, &mut Vec::new()).unwrap();
    }
    let (counted, mut seen) = (*shadow.lock(), Vec::new());
    let refused = admit(&all, &mut seen).unwrap_err();
    let Refusal::RateLimited(limited) = refused else { panic!("{refused}") };
    assert_eq!(limited.exceeded.limit, 2);
    assert_eq!(limited.standing.requests.map(|gauge| gauge.limit), Some(2));
    let would: Vec<_> = seen.iter().map(|seen| seen.would_refuse).collect();
    assert_eq!(would, [Some(Measure::Requests), None, Some(Measure::Tokens)]);
    assert_eq!(*shadow.lock(), counted);
}

/// Shared counts that nobody can reach.
struct Away;

impl LimitStore for Away {
    fn admit(&self, _: Vec<SharedLimit>, _: u64, _: Timestamp) -> Answer<'_, Result<Admitted, LimitsUnavailable>> {
        Box::pin(std::future::ready(Err(LimitsUnavailable)))
    }

    fn end(self: Arc<Self>, limits: Vec<SharedLimit>, _: u64, _: CallEnd) -> Answer<'static, ()> {
        panic!("{limits:?} counted nothing")
    }
}

#[test]
fn limits_in_shadow_mode_that_cannot_be_counted_let_calls_through() {
    let shadow = limit(1, None, Limits { requests_per_minute: Some(1), shadow: true, ..Limits::default() });
    let enforced = limit(2, None, Limits { requests_per_minute: Some(1), ..Limits::default() });
    let away = RateLimits::Shared(Arc::new(Away));
    let mut seen = Vec::new();
    let call = admit_by(&away, std::slice::from_ref(&shadow), &mut seen).unwrap();
    assert_eq!((call.would_refuse, seen.len(), call.holds(&shadow)), (false, 0, true));
    assert!(away.end(&call, CallEnd::Used(1)).is_none());
    let refused = admit_by(&away, &[shadow, enforced], &mut seen).unwrap_err();
    assert_eq!(refused, Refusal::LimitsUnavailable);
}
