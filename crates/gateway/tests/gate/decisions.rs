//! What each call leaves for whoever asks why it was let through or refused.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_domain::{
    Timestamp,
    api_key::KeyAccess,
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, BudgetTerms, BudgetWindow, TimeZoneName},
    decision::{Check, Decision, Held, Verdict},
    id::BudgetId,
    limit::{Limits, Measure},
    model::ModelPatterns,
    permission::Permission,
    provider::Provider,
};
use uuid::Uuid;

use crate::{
    budgets::set_price,
    cache::caching,
    support::{CHAT, CHAT_ANSWER, Gate, Setup, TestKey, TestProvider},
};

const PATH: &str = "/v1/chat/completions";

/// The check that refused a call, and its code.
fn refused(decision: &Decision) -> (Option<Check>, &str) {
    let reason = decision.reason.as_ref().unwrap();
    assert_eq!(decision.verdict, if reason.check.is_some() { Verdict::Refused } else { Verdict::Failed });
    assert!(reason.message.len() > 20, "{decision:?}");
    (reason.check, reason.code.as_str())
}

async fn post(gate: &Gate, key: &TestKey, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Decision {
    let (mut client, bearer) = (gate.connect().await, key.bearer());
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    client.send(crate::support::Client::request(method, path, &headers, body)).await;
    gate.decision_of(&client.answer().await)
}

#[tokio::test]
async fn a_call_that_is_let_through_says_who_answered_what() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    let id = credential.id;
    gate.put_credentials(vec![credential]);
    for status in [200, 418] {
        let providing = async { provider.next().await.json(status, CHAT_ANSWER).await };
        let (answer, ()) = tokio::join!(gate.chat(&key), providing);
        let decision = gate.decision_of(&answer);
        assert_eq!((decision.verdict, decision.status, &decision.reason), (Verdict::LetThrough, status, &None));
        assert_eq!((decision.organization, decision.project), (gate.project.organization, gate.project.id));
        assert_eq!((decision.key, decision.credential, decision.attempts), (key.key.id, Some(id), 1));
        let asked = [&decision.method, &decision.path, &decision.model].map(String::as_str);
        assert_eq!(asked, ["POST", PATH, "gpt-4o"]);
        assert_eq!((decision.limits.len(), decision.budgets.len(), decision.cached), (0, 0, false));
        assert_eq!(decision.at(), Timestamp::from_second(1_800_000_000).unwrap());
    }
}

#[tokio::test]
async fn nobody_is_told_of_who_has_no_key_and_nothing_secret_is_written() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let stranger = format!("Bearer {}", gate.unknown_secret().expose());
    let mut client = gate.connect().await;
    for headers in [&[][..], &[("authorization", stranger.as_str())]] {
        client.post(PATH, headers, CHAT).await.assert_error(401, "invalid_api_key");
    }
    let bearer = key.bearer();
    let both = [("authorization", bearer.as_str()), ("x-api-key", gate.admin_secret().expose())]
        .map(|(name, value)| (name, value.to_owned()));
    let both = both.each_ref().map(|(name, value)| (*name, value.as_str()));
    client.post(PATH, &both, CHAT).await.assert_error(400, "conflicting_credentials");
    assert!(gate.decided.bytes().is_empty());
    let headers = [("authorization", bearer.as_str()), ("x-forwarded-for", "192.0.2.77")];
    assert_eq!(client.post(&format!("{PATH}?token=hush"), &headers, CHAT).await.status, 200);
    client.get("/v1/nowhere/hush", &headers).await.assert_error(404, "unknown_url");
    let decisions = gate.decided.all();
    assert_eq!((decisions[0].path.as_str(), decisions[1].path.as_str()), (PATH, ""));
    let bytes = String::from_utf8_lossy(&gate.decided.bytes()).into_owned();
    for hidden in [key.secret.expose(), "provider-secret", "token=", "192.0.2.77", "messages"] {
        assert!(!bytes.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn each_check_that_refuses_is_named() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let now = keyward_domain::Clock::now(&*gate.clock);
    let chat = async |key: &TestKey| gate.decision_of(&gate.chat(key).await);

    gate.set_project(false, None);
    assert_eq!(refused(&chat(&key).await), (Some(Check::Project), "project_inactive"));
    gate.set_project(true, None);
    gate.change(&mut key, |key| key.disabled = true);
    assert_eq!(refused(&chat(&key).await), (Some(Check::KeyState), "api_key_disabled"));
    gate.change(&mut key, |key| (key.disabled, key.expires_at) = (false, Some(now)));
    assert_eq!(refused(&chat(&key).await), (Some(Check::KeyState), "api_key_expired"));
    gate.change(&mut key, |key| {
        key.revoke(now);
    });
    let decision = chat(&key).await;
    assert_eq!(refused(&decision), (Some(Check::KeyState), "api_key_revoked"));
    assert_eq!((decision.key, decision.model.as_str(), decision.path.as_str()), (key.key.id, "", PATH));

    let access = KeyAccess {
        allowed_ips: KeyAccess::parse_ips(&["192.0.2.0/24".into()]).unwrap(),
        allowed_origins: KeyAccess::parse_origins(&["https://app.example.com".into()]).unwrap(),
        ..KeyAccess::default()
    };
    let key = gate.key_with(None, access);
    assert_eq!(refused(&chat(&key).await), (Some(Check::Origin), "ip_not_allowed"));
    let foreign = [("x-forwarded-for", "192.0.2.7"), ("origin", "https://evil.example")];
    let decision = post(&gate, &key, "POST", PATH, &foreign, CHAT).await;
    assert_eq!(refused(&decision), (Some(Check::Origin), "origin_not_allowed"));

    let key = gate.key();
    let decision = post(&gate, &key, "POST", "/v1/nothing", &[], CHAT).await;
    assert_eq!(refused(&decision), (Some(Check::Route), "unknown_url"));
    let decision = post(&gate, &key, "GET", PATH, &[], "").await;
    assert_eq!(refused(&decision), (Some(Check::Route), "method_not_allowed"));
    assert_eq!((decision.method.as_str(), decision.path.as_str()), ("GET", PATH));
    let scopes = KeyAccess { scopes: vec![Permission::TracesIngest], ..KeyAccess::default() };
    let decision = chat(&gate.key_with(None, scopes)).await;
    assert_eq!(refused(&decision), (Some(Check::Scope), "insufficient_permissions"));
    let decision = post(&gate, &key, "POST", PATH, &[], "{").await;
    assert_eq!(refused(&decision), (Some(Check::Request), "invalid_request_body"));
    let models = ModelPatterns::parse("m", vec!["o1".to_owned()]).unwrap();
    let decision = chat(&gate.key_with(None, KeyAccess { allowed_models: models, ..KeyAccess::default() })).await;
    assert_eq!(refused(&decision), (Some(Check::Request), "model_not_allowed"));
    assert_eq!((decision.model.as_str(), decision.reason.unwrap().param.as_deref()), ("gpt-4o", Some("model")));
    let capped = gate.key_with(Some(1), KeyAccess::default());
    assert_eq!(chat(&capped).await.verdict, Verdict::LetThrough);
    assert_eq!(refused(&chat(&capped).await), (Some(Check::RequestCap), "request_cap_reached"));
    gate.put_credentials(Vec::new());
    assert_eq!(refused(&chat(&key).await), (Some(Check::Credential), "provider_not_configured"));
    assert_eq!(provider.seen(), 1);
}

#[tokio::test]
async fn a_call_that_nobody_could_answer_failed() {
    let (gate, provider, key) = Gate::with_provider().await;
    drop(provider);
    let decision = gate.decision_of(&gate.chat(&key).await);
    assert_eq!(refused(&decision), (None, "provider_unreachable"));
    assert_eq!((decision.credential, decision.attempts), (None, 3));
}

#[tokio::test]
async fn of_several_credentials_the_one_that_answered_is_named() {
    let (gate, gone, key) = Gate::with_provider().await;
    let mut provider = TestProvider::start().await;
    let entry = |at, priority| {
        let entry = gate.credential_with(Provider::OpenAiCompatible, at, &[("gpt-4o", "gpt-4o")]);
        Arc::new(CredentialEntry { priority, ..Arc::into_inner(entry).unwrap() })
    };
    let (first, second) = (entry(&gone, 0), entry(&provider, 1));
    gate.put_credentials(vec![first, Arc::clone(&second)]);
    drop(gone);
    provider.always_answer(CHAT_ANSWER);
    let answer = gate.chat(&key).await;
    let decision = gate.decision_of(&answer);
    assert_eq!((answer.status, decision.credential, decision.attempts), (200, Some(second.id), 2));
}

#[tokio::test]
async fn what_the_cache_answers_is_told() {
    let (gate, mut provider, key) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let told = [gate.chat(&key).await, gate.chat(&key).await].map(|answer| {
        let decision = gate.decision_of(&answer);
        (decision.verdict, decision.cached, decision.credential.is_some(), decision.attempts)
    });
    assert_eq!(told, [(Verdict::LetThrough, false, true, 1), (Verdict::LetThrough, true, false, 0)]);
}

#[tokio::test]
async fn every_limit_that_was_looked_at_is_told_with_what_is_left_of_it() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let own = Limits { requests_per_minute: Some(9), parallel_requests: Some(5), ..Limits::default() };
    let requests = |number| Limits { requests_per_minute: Some(number), ..Limits::default() };
    gate.set_limits(&[(None, requests(8)), (Some("gpt-4o*"), requests(1)), (Some("o1"), requests(1))]);
    let key = gate.key_with(None, KeyAccess { limits: own, ..KeyAccess::default() });
    let told = |decision: &Decision| {
        let mut told: Vec<_> =
            decision.limits.iter().map(|met| (met.of.clone(), met.measure, met.limit, met.remaining)).collect();
        told.sort_by_key(|(_, measure, limit, _)| (*measure as u8, *limit));
        told
    };
    let model = || Held::Model("gpt-4o*".to_owned());
    let all = |left: [u64; 4]| {
        vec![
            (model(), Measure::Requests, 1, left[0]),
            (Held::Project, Measure::Requests, 8, left[1]),
            (Held::Key, Measure::Requests, 9, left[2]),
            (Held::Key, Measure::Parallel, 5, left[3]),
        ]
    };
    let decision = gate.decision_of(&gate.chat(&key).await);
    assert_eq!((decision.verdict, told(&decision)), (Verdict::LetThrough, all([0, 7, 8, 4])));
    let ids: Vec<_> = decision.limits.iter().map(|met| met.id).collect();
    assert!(ids.contains(&key.key.id.uuid()) && ids.contains(&Uuid::from_u128(51)), "{ids:?}");
    let decision = gate.decision_of(&gate.chat(&key).await);
    assert_eq!(refused(&decision), (Some(Check::RateLimit), "rate_limit_exceeded"));
    assert_eq!(told(&decision), all([0, 7, 8, 5]));
}

#[tokio::test]
async fn every_budget_that_was_looked_at_is_told_with_what_is_charged_to_it() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    set_price(&gate);
    let chat = async || gate.decision_of(&gate.post(&key, PATH, r#"{"model":"m","messages":[]}"#).await);
    let put = |scope: BudgetScope, amount_nanos, mode| {
        let (window, time_zone) = (BudgetWindow::Week, TimeZoneName::default());
        let terms = BudgetTerms { amount_nanos, window, time_zone, mode, shadow: false };
        let budget = Budget {
            id: BudgetId::from_uuid(scope.holder(gate.project.organization)),
            organization: gate.project.organization,
            scope,
            terms,
            since_ms: 0,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            version: 1,
        };
        gate.index.put_budgets(budget.holder(), vec![(budget, BudgetState::default())]);
    };
    put(BudgetScope::Organization, 5_000_000_000, BudgetMode::Balanced);
    let decision = chat().await;
    let [met] = &decision.budgets[..] else { panic!("{decision:?}") };
    assert_eq!((&met.of, met.window, met.amount_nanos), (&Held::Organization, BudgetWindow::Week, 5_000_000_000));
    assert_eq!((met.charged_nanos, decision.verdict), (met.reserve_nanos, Verdict::LetThrough));
    assert!(met.reserve_nanos > 0);
    put(BudgetScope::Project(gate.project.id), 1, BudgetMode::Balanced);
    let decision = chat().await;
    assert_eq!(refused(&decision), (Some(Check::Budget), "insufficient_quota"));
    let of: Vec<_> = decision.budgets.iter().map(|met| (met.of.as_str(), met.amount_nanos)).collect();
    assert_eq!(of, [("organization", 5_000_000_000), ("project", 1)]);
    assert_eq!((decision.budgets[1].charged_nanos, decision.budgets[1].reserve_nanos > 1), (0, true));
}

#[tokio::test]
async fn where_nobody_keeps_decisions_none_are_made() {
    let gate = Gate::start_with(Setup { keeps_decisions: false, ..Setup::default() });
    let key = gate.key();
    gate.chat(&key).await.assert_error(503, "provider_not_configured");
    assert!(gate.decided.bytes().is_empty());
    let (gate, _provider, key) = Gate::with_provider().await;
    let mut client = gate.connect().await;
    client.get("/healthz", &[("authorization", &key.bearer())]).await;
    assert!(gate.decided.bytes().is_empty(), "administration isn't a call");
}
