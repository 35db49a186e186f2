//! The checks of the product's table: each with its answer, and in their order.

use keyward_domain::{
    api_key::KeyAccess,
    model::{ModelMode, ModelPatterns, ModelPermissions},
    permission::Permission,
};

use crate::support::{Answer, CHAT, CHAT_ANSWER, Client, Gate};

const PATHS: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];

fn patterns(list: &[&str]) -> ModelPatterns {
    ModelPatterns::parse("m", list.iter().map(|text| (*text).to_owned()).collect()).unwrap()
}

/// The same refusal in both dialects.
async fn refused(gate: &Gate, authorization: &str, headers: &[(&str, &str)], status: u16, code: &str) {
    let headers = [headers, &[("authorization", authorization)][..]].concat();
    for path in PATHS {
        let answer = gate.connect().await.post(path, &headers, CHAT).await;
        answer.assert_error(status, code);
        let json = answer.json();
        assert_eq!(json["type"] == "error", path == "/v1/messages");
        assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
        if path == "/v1/messages" {
            assert_eq!(json["request_id"].as_str(), answer.header("x-request-id"));
        }
    }
}

#[tokio::test]
async fn a_list_of_further_models_passes_no_list_of_allowed_ones() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let narrow = KeyAccess { allowed_models: patterns(&["gpt-4o"]), ..KeyAccess::default() };
    let narrow = gate.key_with(None, narrow);
    for field in ["models", "fallbacks"] {
        let body = |value: &str| format!(r#"{{"{field}":{value},"model":"gpt-4o"}}"#);
        for value in [r#"["o1-pro"]"#, r#""o1-pro""#, r#"[{"model":"o1-pro"}]"#] {
            let answer = gate.post(&narrow, PATHS[0], &body(value)).await;
            answer.assert_error(403, "model_not_allowed");
            assert_eq!(answer.json()["error"]["param"], field);
            assert_eq!(gate.post(&key, PATHS[0], &body(value)).await.status, 200);
        }
        assert_eq!(gate.post(&narrow, PATHS[0], &body("null")).await.status, 200);
        let otherwise = format!(r#"{{"model":"gpt-4o","{}":["o1-pro"]}}"#, field.to_uppercase());
        gate.post(&narrow, PATHS[0], &otherwise).await.assert_error(400, "invalid_request_body");
    }
    assert_eq!(provider.seen(), 8);
}

#[tokio::test]
async fn strangers_and_states_of_the_key_are_refused() {
    let (gate, provider, mut key) = Gate::with_provider().await;
    refused(&gate, &format!("Bearer {}", gate.unknown_secret().expose()), &[], 401, "invalid_api_key").await;
    refused(&gate, "Bearer sk-project-typo", &[], 401, "invalid_api_key").await;
    refused(&gate, &format!("Bearer {}", gate.admin_secret().expose()), &[], 403, "project_key_required").await;
    let other = gate.unknown_secret();
    refused(&gate, &key.bearer(), &[("x-api-key", other.expose())], 400, "conflicting_credentials").await;
    let answer = gate.connect().await.post(PATHS[0], &[], CHAT).await;
    answer.assert_error(401, "invalid_api_key");

    let bearer = key.bearer();
    gate.set_project(false, None);
    refused(&gate, &bearer, &[], 403, "project_inactive").await;
    gate.change(&mut key, |key| key.disabled = true);
    refused(&gate, &bearer, &[], 401, "api_key_disabled").await;
    let now = keyward_domain::Clock::now(&*gate.clock);
    gate.change(&mut key, |key| {
        key.disabled = false;
        key.expires_at = Some(now);
    });
    refused(&gate, &bearer, &[], 401, "api_key_expired").await;
    gate.change(&mut key, |key| {
        key.revoke(now);
    });
    refused(&gate, &bearer, &[], 401, "api_key_revoked").await;
    gate.index.remove_key(key.key.id);
    refused(&gate, &bearer, &[], 401, "invalid_api_key").await;
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn addresses_origins_and_scopes_are_checked() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key_with(
        None,
        KeyAccess {
            allowed_ips: KeyAccess::parse_ips(&["192.0.2.0/24".into()]).unwrap(),
            allowed_origins: KeyAccess::parse_origins(&["https://app.example.com".into()]).unwrap(),
            require_origin: true,
            scopes: vec![Permission::TracesIngest],
            ..KeyAccess::default()
        },
    );
    let bearer = key.bearer();
    let inside = ("x-forwarded-for", "192.0.2.7");
    refused(&gate, &bearer, &[], 403, "ip_not_allowed").await;
    refused(&gate, &bearer, &[("x-forwarded-for", "192.0.2.7, 198.51.100.1")], 403, "ip_not_allowed").await;
    refused(&gate, &bearer, &[inside], 403, "origin_not_allowed").await;
    refused(&gate, &bearer, &[inside, ("origin", "https://evil.example")], 403, "origin_not_allowed").await;
    let origin = ("origin", "https://app.example.com");
    let answer = gate.connect().await.post(PATHS[0], &[inside, origin, ("authorization", &bearer)], CHAT).await;
    answer.assert_error(403, "insufficient_permissions");
    assert!(answer.text().contains("llm:invoke"));
    assert_eq!(provider.seen(), 0);
}

#[tokio::test]
async fn routes_and_methods_are_known_only_to_who_may_come_in() {
    let (gate, provider, key) = Gate::with_provider().await;
    let bearer = key.bearer();
    for path in ["/v1/nothing", "/v1//models", "/v1/./models", "/v1/%6dodels", "/v1/organization%2fprojects", "/v1"] {
        let mut client = gate.connect().await;
        client.get(path, &[]).await.assert_error(401, "invalid_api_key");
        client.get(path, &[("authorization", &bearer)]).await.assert_error(404, "unknown_url");
    }
    let mut client = gate.connect().await;
    let answer = client.get("/v1/messages", &[("authorization", &bearer)]).await;
    answer.assert_error(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
    assert_eq!(answer.json()["type"], "error");
    client.send(Client::request("DELETE", "/v1/models/x", &[("authorization", &bearer)], "")).await;
    let answer = client.answer().await;
    answer.assert_error(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET"));
    assert_eq!(provider.seen(), 0);
}

#[tokio::test]
async fn models_are_allowed_by_key_and_project() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let access = KeyAccess { allowed_models: patterns(&["gpt-4o*"]), ..KeyAccess::default() };
    let key = gate.key_with(None, access);
    let ask = async |model: &str| {
        let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
        gate.post(&key, PATHS[0], &body).await
    };
    assert_eq!(ask("gpt-4o-mini").await.status, 200);
    assert_eq!(ask("openai_compatible/gpt-4o").await.status, 200);
    let answer = ask("o1").await;
    answer.assert_error(403, "model_not_allowed");
    assert_eq!(answer.json()["error"]["param"], "model");
    ask("openai_compatible/o1").await.assert_error(403, "model_not_allowed");

    let deny = ModelPermissions { mode: ModelMode::DenyList, model_ids: patterns(&["gpt-4o-mini"]) };
    gate.set_project(true, Some(deny));
    assert_eq!(ask("gpt-4o").await.status, 200);
    for name in ["gpt-4o-mini", "openai_compatible/gpt-4o-mini", "openai_compatible/GPT-4o-mini", "gpt-4o-MINI"] {
        ask(name).await.assert_error(403, "model_not_allowed");
    }
    assert_eq!(provider.seen(), 3);
}

#[tokio::test]
async fn the_wrong_dialect_and_a_missing_credential_are_told_before_anything_is_sent() {
    let (gate, provider, key) = Gate::with_provider().await;
    let answer = gate.post(&key, "/v1/messages", CHAT).await;
    answer.assert_error(400, "dialect_not_supported");
    gate.put_credentials(Vec::new());
    let answer = gate.chat(&key).await;
    answer.assert_error(503, "provider_not_configured");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

/// A request with every fault at once is told of the first; each fault that is
/// mended uncovers the next.
#[tokio::test]
async fn the_checks_come_in_the_order_of_the_table() {
    let gate = Gate::start();
    let access = KeyAccess {
        allowed_ips: KeyAccess::parse_ips(&["192.0.2.0/24".into()]).unwrap(),
        allowed_models: patterns(&["gpt-4o"]),
        scopes: vec![Permission::TracesIngest],
        ..KeyAccess::default()
    };
    let mut key = gate.key_with(Some(0), access);
    gate.set_project(false, None);
    gate.change(&mut key, |key| key.disabled = true);
    let bearer = key.bearer();
    let ask = async |path: &str, address: &str, body: &str| -> Answer {
        let headers = [("authorization", bearer.as_str()), ("x-forwarded-for", address)];
        gate.connect().await.post(path, &headers, body).await
    };
    let (wrong, right) = ("/v1/nothing", PATHS[0]);
    let (outside, inside) = ("198.51.100.1", "192.0.2.1");
    let bad_model = r#"{"model":"o1"}"#;

    ask(wrong, outside, "{").await.assert_error(401, "api_key_disabled");
    gate.change(&mut key, |key| key.disabled = false);
    ask(wrong, outside, "{").await.assert_error(403, "project_inactive");
    gate.set_project(true, None);
    ask(wrong, outside, "{").await.assert_error(403, "ip_not_allowed");
    ask(wrong, inside, "{").await.assert_error(404, "unknown_url");
    ask(right, inside, "{").await.assert_error(403, "insufficient_permissions");
    gate.change(&mut key, |key| key.access.scopes = Vec::new());
    ask(right, inside, "{").await.assert_error(400, "invalid_request_body");
    ask(right, inside, bad_model).await.assert_error(403, "model_not_allowed");
    let answer = ask(right, inside, CHAT).await;
    answer.assert_error(429, "request_cap_reached");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    gate.change(&mut key, |key| key.max_requests = Some(1));
    for _ in 0..3 {
        ask(right, inside, CHAT).await.assert_error(503, "provider_not_configured");
    }
    assert_eq!(gate.records(), []);
}

#[tokio::test]
async fn every_accepted_place_of_the_key_opens() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let secret = key.secret.expose();
    for header in [("x-api-key", secret), ("api-key", secret), ("authorization", &key.bearer())] {
        assert_eq!(gate.connect().await.post(PATHS[0], &[header], CHAT).await.status, 200);
    }
}
