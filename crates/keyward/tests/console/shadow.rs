//! The box *Shadow mode* in the forms of limits, budgets and keys, and where it is
//! seen again.

use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{leads_to, manage, refused, send, shown};

const BOX: &str = "name=\"limits_shadow\" value=\"yes\"";
const TICKED: &str = "name=\"limits_shadow\" value=\"yes\" checked";
const BUDGET_TICKED: &str = "name=\"budget_shadow\" value=\"yes\" checked";

#[tokio::test]
async fn a_limit_goes_into_shadow_mode_and_out_again() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let list = manage(&project, "limits");
    let form = shown(&owner.get(&format!("{list}/new")).await);
    assert!(form.contains(BOX) && form.contains("refuse nothing") && !form.contains(TICKED), "{form}");
    let wrong = [("tokens_per_minute", "many"), ("limits_shadow", "yes")];
    refused(&send(&owner, &list, &wrong).await, 400, &[TICKED]);
    assert_eq!(leads_to(&send(&owner, &list, &[("tokens_per_minute", "5"), ("limits_shadow", "yes")]).await), list);
    assert!(shown(&owner.get(&list).await).contains("</svg>Shadow</span>"));
    let made = app.admin.get(&format!("{project}/limits")).await.ok()["data"][0].clone();
    assert_eq!(made["shadow"], true);
    let page = format!("{list}/{}", made["id"].as_str().unwrap());
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("5 tokens/min · shadow mode") && shows.contains(TICKED), "{shows}");
    leads_to(&send(&owner, &page, &[("tokens_per_minute", "5"), ("version", "1")]).await);
    assert_eq!(app.admin.get(&format!("{project}/limits")).await.ok()["data"][0]["shadow"], false);
    assert!(!shown(&owner.get(&list).await).contains("</svg>Shadow</span>"));
    let late = [("tokens_per_minute", "5"), ("limits_shadow", "yes"), ("version", "1")];
    refused(&send(&owner, &page, &late).await, 412, &["Somebody else", "<dt>Shadow mode</dt><dd>no</dd>"]);
    app.finish().await;
}

#[tokio::test]
async fn a_budget_goes_into_shadow_mode_and_out_again() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let fields = [("budget_amount", "5"), ("budget_window", "month"), ("budget_mode", "strict")];
    for (list, api) in [
        (manage(&project, "budgets"), format!("{project}/budgets")),
        ("/organization/budgets".to_owned(), "/v1/organization/budgets".to_owned()),
    ] {
        let mut shadow = fields.to_vec();
        shadow.push(("budget_shadow", "yes"));
        assert_eq!(leads_to(&send(&owner, &list, &shadow).await), list);
        let made = app.admin.get(&api).await.ok()["data"][0].clone();
        assert_eq!(made["shadow"], true);
        assert!(shown(&owner.get(&list).await).contains("</svg>Shadow</span>"));
        let page = format!("{list}/{}", made["id"].as_str().unwrap());
        let shows = shown(&owner.get(&page).await);
        assert!(shows.contains("$5.00 a month, strict, shadow mode") && shows.contains(BUDGET_TICKED), "{shows}");
        let mut edit = fields.to_vec();
        edit.push(("version", "1"));
        leads_to(&send(&owner, &page, &edit).await);
        assert_eq!(app.admin.get(&api).await.ok()["data"][0]["shadow"], false);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_keys_limits_and_budget_have_boxes_of_their_own() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let root = format!("/projects/{}/api-keys", project.rsplit('/').next().unwrap());
    let budget = [("budget_amount", "5"), ("budget_window", "month"), ("budget_mode", "strict")];
    let mut fields = vec![("name", "Worker"), ("expires", ""), ("limits_shadow", "yes"), ("budget_shadow", "yes")];
    fields.extend(budget);
    let wrong = send(&owner, &root, &fields).await;
    refused(&wrong, 400, &["id=\"requests_per_minute-error\"", "no limits of its own", TICKED, BUDGET_TICKED]);
    fields.push(("parallel_requests", "3"));
    shown(&send(&owner, &root, &fields).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(true), &json!(true)));
    assert!(shown(&owner.get(&root).await).contains("Rates (shadow), Budget (shadow)"));
    let page = format!("{root}/{}", key["id"].as_str().unwrap());
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains(TICKED) && shows.contains(BUDGET_TICKED), "{shows}");
    let mut edit = vec![("name", "Worker"), ("status", "active"), ("expires", "keep"), ("parallel_requests", "3")];
    edit.extend(budget);
    edit.push(("version", "1"));
    leads_to(&send(&owner, &page, &edit).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!((&key["limits"]["shadow"], &key["budget"]["shadow"]), (&json!(false), &json!(false)));

    // What nobody can edit any more is told in words.
    let shadow = json!({"parallel_requests": 3, "shadow": true});
    let old = json!({"name": "Old", "limits": shadow, "budget": {"amount": "5", "shadow": true}});
    let old = app.admin.post(&format!("{project}/api_keys"), old).await.ok();
    let old = old["id"].as_str().unwrap();
    app.admin.post(&format!("{project}/api_keys/{old}/revoke"), json!({})).await.ok();
    let shows = shown(&owner.get(&format!("{root}/{old}")).await);
    for part in ["3 at a time · shadow mode", "$5.00 a month, strict, shadow mode: $0.00 spent"] {
        assert!(shows.contains(part), "{part} isn't in {shows}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_page_of_a_request_says_what_would_have_been_refused() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    app.admin.post(&format!("{project}/limits"), json!({"requests_per_minute": 1, "shadow": true})).await.ok();
    app.admin
        .post(&format!("{project}/budgets"), json!({"amount": "5", "mode": "balanced", "shadow": true}))
        .await
        .ok();
    let key = app.key_of(&project, "Worker").await;
    let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hello there"}]});
    for limit in ["in shadow mode<", "in shadow mode: would have refused<"] {
        let answer = key.post("/v1/chat/completions", body.clone()).await;
        let request = answer.header("x-request-id").unwrap().to_owned();
        answer.ok();
        let page = shown(&owner.get(&format!("/organization/usage/decisions?request_id={request}")).await);
        assert!(
            page.contains("Let through") && page.contains(&format!("Requests a minute<span class=\"sub\">{limit}")),
            "{page}"
        );
        assert!(page.contains("month<span class=\"sub\">in shadow mode<"), "{page}");
    }
    app.finish().await;
}
