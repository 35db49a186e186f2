//! The response cache under attack: it gives nothing to whom the call itself
//! would give nothing, and takes no more memory than it may.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_domain::{
    api_key::KeyAccess,
    model::{ModelMode, ModelPatterns, ModelPermissions},
    provider::Provider,
};

use crate::{
    cache::{ON, caching, post, status},
    support::{CHAT, CHAT_ANSWER, CHAT_STREAM, Client, Gate, Setup, TestProvider},
};

const PATH: &str = "/v1/chat/completions";
const MISS: Option<&str> = Some("Keyward; fwd=miss; stored");
const HIT: Option<&str> = Some("Keyward; hit; ttl=60");

#[tokio::test]
async fn another_projects_identical_request_misses_with_the_same_credential() {
    let gate = Gate::start();
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    let shared = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.put_credentials(vec![Arc::clone(&shared)]);
    gate.set_cache(ON);
    let (own, colleague) = (gate.key(), gate.key());
    let foreign = gate.foreign_key(vec![shared], ON);
    assert_eq!(status(&gate.chat(&own).await), MISS);
    assert_eq!(status(&gate.chat(&foreign).await), MISS);
    assert_eq!(status(&gate.chat(&colleague).await), HIT, "keys of one project share its cache");
    assert_eq!(status(&gate.chat(&foreign).await), HIT);
    assert_eq!(provider.seen(), 2);
}

#[tokio::test]
async fn who_may_not_call_gets_no_answer_from_the_cache() {
    let (gate, mut provider, key) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(status(&gate.chat(&key).await), MISS);
    let models = |patterns: &[&str]| {
        ModelPatterns::parse("m", patterns.iter().map(|pattern| (*pattern).to_owned()).collect()).unwrap()
    };
    let other_model = gate.key_with(None, KeyAccess { allowed_models: models(&["gpt-5"]), ..KeyAccess::default() });
    gate.chat(&other_model).await.assert_error(403, "model_not_allowed");
    let networks = KeyAccess::parse_ips(&["192.0.2.0/24".to_owned()]).unwrap();
    let elsewhere = gate.key_with(None, KeyAccess { allowed_ips: networks, ..KeyAccess::default() });
    gate.chat(&elsewhere).await.assert_error(403, "ip_not_allowed");
    let mut disabled = gate.key();
    gate.change(&mut disabled, |key| key.disabled = true);
    gate.chat(&disabled).await.assert_error(401, "api_key_disabled");
    let mut revoked = gate.key();
    let now = keyward_domain::Clock::now(&*gate.clock);
    gate.change(&mut revoked, |key| key.revoked_at = Some(now));
    assert_eq!(gate.chat(&revoked).await.status, 401);
    let secret = gate.unknown_secret();
    let unknown = [("authorization", format!("Bearer {}", secret.expose()))];
    let headers: Vec<_> = unknown.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(gate.connect().await.post(PATH, &headers, CHAT).await.status, 401);
    let denied = ModelPermissions { mode: ModelMode::DenyList, model_ids: models(&["gpt-4o"]) };
    gate.set_project(true, Some(denied));
    gate.chat(&key).await.assert_error(403, "model_not_allowed");
    gate.set_project(false, None);
    gate.chat(&key).await.assert_error(403, "project_inactive");
    gate.set_project(true, None);
    assert_eq!(status(&gate.chat(&key).await), HIT);
    assert_eq!(provider.seen(), 1);
    assert_eq!(gate.records().iter().filter(|record| record.cached).count(), 1);
}

#[tokio::test]
async fn another_upstream_is_asked_itself() {
    let gate = Gate::start();
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.set_cache(ON);
    let key = gate.key();
    let base = gate.credential_with(Provider::OpenAiCompatible, &provider, &[("fast", "one")]);
    let entry = |version: i64, secret: &str, aliases: &keyward_domain::credential::Aliases| CredentialEntry {
        id: base.id,
        version,
        provider: base.provider,
        base_url: base.base_url.clone(),
        secret: Some(secret.into()),
        aliases: aliases.clone(),
        priority: base.priority,
        weight: base.weight,
        inherited: base.inherited,
    };
    let body = r#"{"model":"fast","messages":[]}"#;
    let told = async |entry: CredentialEntry| {
        gate.put_credentials(vec![Arc::new(entry)]);
        let first = status(&gate.post(&key, PATH, body).await).unwrap().to_owned();
        assert_eq!(status(&gate.post(&key, PATH, body).await), HIT);
        first
    };
    let aliases = base.aliases.clone();
    assert_eq!(told(entry(1, "a", &aliases)).await, MISS.unwrap());
    assert_eq!(told(entry(2, "b", &aliases)).await, MISS.unwrap(), "another secret");
    let other = gate.credential_with(Provider::OpenAiCompatible, &provider, &[("fast", "two")]).aliases.clone();
    assert_eq!(told(entry(2, "b", &other)).await, MISS.unwrap(), "the alias means another model");
    gate.put_credentials(vec![]);
    gate.post(&key, PATH, body).await.assert_error(503, "provider_not_configured");
}

#[tokio::test]
async fn headers_smuggle_nothing_into_anothers_answer() {
    let (gate, mut provider, key) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let told = async |path: &str, headers: &[(&str, &str)]| {
        status(&post(&gate, &key, path, headers, CHAT).await).unwrap().to_owned()
    };
    assert_eq!(told(PATH, &[]).await, MISS.unwrap());
    for (path, headers) in [
        (PATH, &[("openai-beta", "x")][..]),
        (PATH, &[("openai-beta", "x,y")]),
        (PATH, &[("openai-beta", "x"), ("openai-beta", "y")]),
        (PATH, &[("accept", "text/event-stream")]),
        (PATH, &[("x-tenant", "other")]),
        ("/v1/chat/completions?", &[]),
        ("/v1/chat/completions?api-version=1", &[]),
        ("/v1/chat/completions?api-version=1&x", &[]),
    ] {
        assert_eq!(told(path, headers).await, MISS.unwrap(), "{path} {headers:?}");
        assert_eq!(told(path, headers).await, HIT.unwrap(), "{path} {headers:?}");
    }
    // What doesn't reach the provider makes no difference, and can't be used to make one.
    for headers in [
        &[("connection", "x-tenant"), ("x-tenant", "other")][..],
        &[("x-forwarded-for", "192.0.2.1")],
        &[("keyward-cache", "x")],
        &[("cookie", "a=b")],
        &[("openai-project", "proj_other")],
    ] {
        assert_eq!(told(PATH, headers).await, HIT.unwrap(), "{headers:?}");
    }
}

#[tokio::test]
async fn many_different_requests_stay_within_the_memory() {
    let mut setup = Setup::default();
    setup.options.cache_memory = 1 << 20;
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    let answer: &'static str = Box::leak(format!(r#"{{"choices":[],"x":"{}"}}"#, "x".repeat(20_000)).into_boxed_str());
    provider.always_answer(answer);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    gate.set_cache(ON);
    let key = gate.key();
    let mut client = gate.connect().await;
    let bearer = key.bearer();
    for number in 0..200 {
        let body = format!(r#"{{"model":"m","messages":[],"seed":{number}}}"#);
        let answer = client.post(PATH, &[("authorization", &bearer)], &body).await;
        assert_eq!(status(&answer), MISS);
        assert!(gate.metrics().snapshot().cache_bytes <= 1 << 20);
    }
    assert!(gate.metrics().snapshot().cache_bytes > 1 << 18);
}

#[tokio::test]
async fn an_answer_that_is_too_large_goes_by_and_is_not_kept() {
    let (gate, mut provider, key) = caching().await;
    let large = format!(r#"{{"choices":[],"x":"{}"}}"#, "x".repeat(1 << 20));
    for _ in 0..2 {
        let (answer, ()) = tokio::join!(gate.chat(&key), async { provider.next().await.json(200, &large).await });
        assert_eq!((status(&answer), answer.body.len()), (Some("Keyward; fwd=miss"), large.len()));
        // Of a stream nobody knows before.
        let (answer, ()) = tokio::join!(gate.post(&key, PATH, CHAT_STREAM), async {
            let mut exchange = provider.next().await;
            exchange.begin_stream().await;
            for _ in 0..20 {
                exchange.frame(&format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(60_000))).await;
            }
            exchange.frame("data: [DONE]\n\n").await;
            exchange.end_stream().await;
        });
        assert_eq!((status(&answer), answer.clean), (MISS, true));
    }
    assert_eq!(gate.metrics().snapshot().cache_bytes, 0);
}

#[tokio::test]
async fn a_cache_without_memory_keeps_nothing() {
    let mut setup = Setup::default();
    setup.options.cache_memory = 0;
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    gate.set_cache(ON);
    let key = gate.key();
    for _ in 0..3 {
        assert_eq!(status(&gate.chat(&key).await), Some("Keyward; fwd=miss"));
    }
    assert_eq!(provider.seen(), 3);
}

#[tokio::test]
async fn a_hit_has_the_cross_origin_headers_of_its_own_caller() {
    let (gate, mut provider, key) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let page = "https://app.example.com";
    let access =
        KeyAccess { allowed_origins: KeyAccess::parse_origins(&[page.into()]).unwrap(), ..KeyAccess::default() };
    let named = gate.key_with(None, access);
    let first = post(&gate, &named, PATH, &[("origin", page)], CHAT).await;
    assert_eq!((status(&first), first.header("access-control-allow-origin")), (MISS, Some(page)));
    let stranger = post(&gate, &key, PATH, &[("origin", "https://evil.example")], CHAT).await;
    assert_eq!((status(&stranger), stranger.header("access-control-allow-origin")), (HIT, None));
    let again = post(&gate, &named, PATH, &[("origin", page)], CHAT).await;
    assert_eq!((status(&again), again.header("access-control-allow-origin")), (HIT, Some(page)));
    assert!(again.header("access-control-expose-headers").unwrap().contains("cache-status"));
    post(&gate, &named, PATH, &[("origin", "https://evil.example")], CHAT)
        .await
        .assert_error(403, "origin_not_allowed");
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_body_comes_gets_nothing() {
    let (gate, mut provider, _) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let mut key = gate.key();
    assert_eq!(status(&gate.chat(&key).await), MISS);
    let request = Client::request("POST", PATH, &[("authorization", &key.bearer())], CHAT);
    let (head, rest) = request.split_at(request.len() - 5);
    let mut client = gate.connect().await;
    client.send(head).await;
    // Its head is read by the time that another call is answered on that core's turn.
    while gate.metrics().snapshot().in_flight == 0 {
        tokio::task::yield_now().await;
    }
    let now = keyward_domain::Clock::now(&*gate.clock);
    gate.change(&mut key, |key| key.revoked_at = Some(now));
    client.send(rest).await;
    assert_eq!(client.answer().await.status, 401);
    assert_eq!(gate.records().iter().filter(|record| record.cached).count(), 0);
}
