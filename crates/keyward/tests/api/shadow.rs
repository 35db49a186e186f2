//! Limits and budgets in shadow mode: set by operators, told of by decisions and
//! metrics, turned off by the very next call.

use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::{Value, json};

use crate::{metrics::ask, support::id};

keyward_testkit::on_both_databases!(
    shadow_mode_is_a_field_of_every_limit_and_budget,
    it_is_checked_like_any_other_field,
    the_specifications_lists_say_what_is_not_enforced,
    a_limit_in_shadow_mode_refuses_nothing_until_it_is_enforced,
    a_budget_in_shadow_mode_is_spent_and_refuses_nothing_until_it_is_enforced,
    while_the_counts_are_away_calls_under_shadow_mode_alone_go_on,
);

const CHAT: &str = "/v1/chat/completions";

async fn chat(key: &Actor) -> Answer {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    key.post(CHAT, json!({"model": "demo-small", "max_tokens": 1000, "messages": messages})).await
}

async fn demo(app: &TestApp) -> String {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    project
}

/// What the decision about a call says of its only limit or budget.
async fn met(app: &TestApp, answer: &Answer, what: &str) -> (Value, Value) {
    let path = format!("/v1/organization/decisions/{}", answer.header("x-request-id").unwrap());
    let decision = app.admin.get(&path).await.ok();
    assert_eq!((&decision["outcome"], &decision["decided_by"]), (&json!("let_through"), &Value::Null));
    let all = decision[what].as_array().unwrap();
    assert_eq!(all.len(), 1, "{decision}");
    (all[0]["shadow"].clone(), all[0]["would_refuse"].clone())
}

/// Whether `/metrics` has that line.
async fn counts(app: &TestApp, line: &str) -> bool {
    ask(app, "GET /metrics").await.lines().any(|found| found == line)
}

async fn shadow_mode_is_a_field_of_every_limit_and_budget(app: &TestApp) {
    let project = app.project("Project").await;
    for (path, body, edit) in [
        (format!("{project}/limits"), json!({"requests_per_minute": 5}), json!({"requests_per_minute": 6})),
        (format!("{project}/budgets"), json!({"amount": "5"}), json!({"amount": "6"})),
        ("/v1/organization/budgets".to_owned(), json!({"amount": "5"}), json!({"amount": "6"})),
    ] {
        let mut shadowed = body.clone();
        shadowed["shadow"] = json!(true);
        let made = app.admin.post(&path, shadowed).await.ok();
        assert_eq!(made["shadow"], true, "{path}");
        let one = format!("{path}/{}", id(&made));
        assert_eq!(app.admin.post(&one, edit).await.ok()["shadow"], true, "an edit leaves it");
        assert_eq!(app.admin.post(&one, json!({"shadow": false})).await.ok()["shadow"], false);
        assert_eq!(app.admin.get(&path).await.ok()["data"][0]["shadow"], false);
        app.admin.delete(&one).await.ok();
        let made = app.admin.post(&path, body).await.ok();
        assert_eq!(made["shadow"], false, "{path}");
    }
    for event in ["rate_limit.updated", "budget.updated"] {
        let log = app.admin.get(&format!("/v1/organization/audit_logs?event_types[]={event}")).await.ok();
        assert_eq!(
            (&log["data"][0]["before"]["shadow"], &log["data"][0]["after"]["shadow"]),
            (&json!(true), &json!(false))
        );
    }

    let keys = format!("{project}/api_keys");
    let body = json!({"name": "Key", "limits": {"requests_per_minute": 5, "shadow": true},
        "budget": {"amount": "5", "shadow": true}});
    let key = app.admin.post(&keys, body).await.ok();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(true), &json!(true)));
    let one = format!("{keys}/{}", id(&key));
    let key = app.admin.post(&one, json!({"limits": {"tokens_per_minute": 9}, "budget": {"amount": "6"}})).await.ok();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(true), &json!(true)));
    let key = app.admin.post(&one, json!({"limits": {"shadow": false}, "budget": {"shadow": false}})).await.ok();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(false), &json!(false)));
    let key = app.admin.post(&one, json!({"limits": null, "budget": {"shadow": true}})).await.ok();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(false), &json!(true)));
}

async fn it_is_checked_like_any_other_field(app: &TestApp) {
    let project = app.project("Project").await;
    let (limits, keys) = (format!("{project}/limits"), format!("{project}/api_keys"));
    for (path, body, code, param) in [
        (&limits, json!({"shadow": true}), "invalid_value", "requests_per_minute"),
        (&limits, json!({"requests_per_minute": 5, "shadow": "yes"}), "invalid_type", "shadow"),
        (&keys, json!({"name": "Key", "limits": {"shadow": true}}), "invalid_value", "limits.shadow"),
        (&keys, json!({"name": "Key", "limits": {"shadow": 1}}), "invalid_type", "limits.shadow"),
        (&keys, json!({"name": "Key", "budget": {"shadow": true}}), "invalid_value", "budget.amount"),
        (&keys, json!({"name": "Key", "budget": {"amount": "5", "shadow": 1}}), "invalid_type", "budget.shadow"),
    ] {
        app.admin.post(path, body).await.assert_error(400, code, param);
    }
}

async fn the_specifications_lists_say_what_is_not_enforced(app: &TestApp) {
    let project = app.project("Project").await;
    let limit = json!({"model": "gpt-4o", "requests_per_minute": 60, "shadow": true});
    let limit = app.admin.post(&format!("{project}/limits"), limit).await.ok();
    let rates = format!("{project}/rate_limits");
    assert_eq!(app.admin.get(&rates).await.ok()["data"][0]["shadow"], true);
    let rate = format!("{rates}/{}", id(&limit));
    assert_eq!(app.admin.post(&rate, json!({"max_requests_per_1_minute": 9})).await.ok()["shadow"], true);
    assert_eq!(app.admin.post(&rate, json!({"shadow": false})).await.ok()["shadow"], false);

    for root in [project.as_str(), "/v1/organization"] {
        let (path, budgets) = (format!("{root}/spend_limit"), format!("{root}/budgets"));
        let budget = app.admin.post(&budgets, json!({"amount": "25", "shadow": true})).await.ok();
        assert_eq!(app.admin.get(&path).await.status, 404, "nothing is limited");
        assert_eq!(app.admin.delete(&path).await.status, 404);
        let body = json!({"threshold_amount": 3000, "currency": "USD", "interval": "month"});
        app.admin.post(&path, body).await.ok();
        let budget = app.admin.get(&format!("{budgets}/{}", id(&budget))).await.ok();
        assert_eq!((&budget["amount"], &budget["shadow"]), (&json!("30.00"), &json!(false)));
        assert_eq!(app.admin.get(&path).await.ok()["threshold_amount"], 3000);
    }
}

async fn a_limit_in_shadow_mode_refuses_nothing_until_it_is_enforced(app: &TestApp) {
    let project = demo(app).await;
    let key = app.key_of(&project, "Key").await;
    let path = format!("{project}/limits");
    let limit = app.admin.post(&path, json!({"model": "demo*", "requests_per_minute": 2, "shadow": true})).await.ok();
    for would_refuse in [false, false, true, true] {
        let answer = chat(&key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit-requests")), (200, None));
        assert_eq!(met(app, &answer, "limits").await, (json!(true), json!(would_refuse)));
    }
    assert!(counts(app, "keyward_shadow_refusals_total{code=\"rate_limit_exceeded\"} 2").await);
    app.admin.post(&format!("{path}/{}", id(&limit)), json!({"shadow": false})).await.ok();
    let refused = chat(&key).await;
    refused.assert_error(429, "rate_limit_exceeded", None);
    assert_eq!(refused.header("retry-after"), Some("30"), "what it would have refused it didn't count");
}

async fn a_budget_in_shadow_mode_is_spent_and_refuses_nothing_until_it_is_enforced(app: &TestApp) {
    let price = json!({"model": "demo*", "input_per_million": "0", "output_per_million": "0", "per_request": "0.01"});
    app.admin.post("/v1/organization/prices", price).await.ok();
    let project = demo(app).await;
    let key = app.key_of(&project, "Key").await;
    let path = format!("{project}/budgets");
    let budget = app.admin.post(&path, json!({"amount": "0.02", "shadow": true})).await.ok();
    let one = format!("{path}/{}", id(&budget));
    for (spent, would_refuse) in [("0.01", false), ("0.02", false), ("0.03", true)] {
        let answer = chat(&key).await;
        assert_eq!(answer.status, 200);
        assert_eq!(met(app, &answer, "budgets").await, (json!(true), json!(would_refuse)));
        // On a shared database the end of a call is charged a moment behind its answer.
        let mut shown = app.admin.get(&one).await.ok();
        while shown["reserved_nanos"] != 0 {
            tokio::task::yield_now().await;
            shown = app.admin.get(&one).await.ok();
        }
        assert_eq!(shown["spent"], spent);
    }
    assert!(counts(app, "keyward_shadow_refusals_total{code=\"insufficient_quota\"} 1").await);
    assert_eq!(app.admin.post(&one, json!({"shadow": false})).await.ok()["spent"], "0.03");
    let refused = chat(&key).await;
    refused.assert_error(429, "insufficient_quota", None);
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("$0.03 is spent"), "{message}");
}

/// Takes away what shared counts stand in: the embedded database counts in memory.
async fn while_the_counts_are_away_calls_under_shadow_mode_alone_go_on(app: &TestApp) {
    if !app.is_on_postgres() {
        return;
    }
    let project = demo(app).await;
    let shadow = json!({"name": "Shadow", "limits": {"requests_per_minute": 1, "shadow": true},
        "budget": {"amount": "0.01", "shadow": true}});
    let made = app.admin.post(&format!("{project}/api_keys"), shadow).await.ok();
    let key = app.nobody.with_key(made["value"].as_str().unwrap());
    let limited = json!({"name": "Limited", "limits": {"requests_per_minute": 100}});
    let limited = app.admin.post(&format!("{project}/api_keys"), limited).await.ok();
    let limited = app.nobody.with_key(limited["value"].as_str().unwrap());
    for away in ["limit_states", "budgets"] {
        app.execute(&format!("ALTER TABLE {away} RENAME TO gone")).await;
        // The second one doesn't even try.
        for _ in 0..2 {
            chat(&key).await.ok();
        }
        if away == "limit_states" {
            chat(&limited).await.assert_error(503, "database_unavailable", None);
        }
        app.execute(&format!("ALTER TABLE gone RENAME TO {away}")).await;
        let uncounted = chat(&key).await;
        let decision = format!("/v1/organization/decisions/{}", uncounted.header("x-request-id").unwrap());
        uncounted.ok();
        assert_eq!(app.admin.get(&decision).await.ok()["limits"], json!([]), "nothing is tried for five seconds");
        app.clock.advance(5);
        let counted = chat(&key).await;
        let decision = format!("/v1/organization/decisions/{}", counted.header("x-request-id").unwrap());
        counted.ok();
        assert_eq!(app.admin.get(&decision).await.ok()["limits"][0]["shadow"], true);
    }
}
