use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{answer, keyward, ok};

fn decision() -> Value {
    json!({"object": "organization.decision", "request_id": "req_1", "created_at": 1_800_000_000, "project_id": "proj_1",
        "api_key_id": "key_1", "method": "POST", "path": "/v1/chat/completions", "model": "gpt-4o", "outcome": "refused",
        "status": 429, "decided_by": {"check": 9, "name": "rate_limit", "code": "rate_limit_exceeded",
            "message": "Rate limit reached.", "param": null},
        "cached": false, "credential_id": null, "attempts": 0,
        "limits": [{"id": "limit_1", "of": "model", "model": "gpt-4o*", "measure": "requests_per_minute", "limit": 60, "remaining": 0}],
        "budgets": [{"id": "budget_1", "of": "project", "window": "month", "amount": "25.00", "amount_nanos": 25_000_000_000_i64,
            "charged": "3.50", "charged_nanos": 3_500_000_000_i64, "reserve": "0.01", "reserve_nanos": 10_000_000}]})
}

#[tokio::test]
async fn a_decision_is_shown_with_what_it_looked_at() {
    let seen = keyward(&["decisions", "get", "req_1"]).replies(ok(decision())).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/decisions/req_1"]);
    assert_eq!(
        seen.output,
        "request     req_1\n\
         asked       POST /v1/chat/completions\n\
         outcome     refused with status 429\n\
         decided by  check 9, rate_limit\n\
         code        rate_limit_exceeded\n\
         message     Rate limit reached.\n\
         model       gpt-4o\n\
         key         key_1\n\
         project     proj_1\n\
         came        2027-01-15 08:00:00Z\n\
         limit       model gpt-4o*: 0 of 60 requests_per_minute left\n\
         budget      project, month: 3.50 of 25.00 dollars charged, 0.01 for this call\n"
    );
    let json = keyward(&["decisions", "get", "req_1", "--json"]).replies(ok(decision())).run().await;
    assert_eq!(json.output, format!("{}\n", decision()));
}

#[tokio::test]
async fn what_shadow_mode_let_through_is_told() {
    let mut decision = decision();
    decision["outcome"] = json!("let_through");
    for met in ["limits", "budgets"] {
        decision[met][0]["shadow"] = json!(true);
        decision[met][0]["would_refuse"] = json!(met == "limits");
    }
    let seen = keyward(&["decisions", "get", "req_1"]).replies(ok(decision)).run().await;
    let told = [
        "model gpt-4o*: 0 of 60 requests_per_minute left (in shadow mode: would have refused)\n",
        "3.50 of 25.00 dollars charged, 0.01 for this call (in shadow mode)\n",
    ];
    assert!(told.iter().all(|told| seen.output.contains(told)), "{}", seen.output);
}

#[tokio::test]
async fn a_request_that_nobody_knows_is_said_to_be_unknown() {
    let body = json!({"error": {"message": "There is no decision with this id here.", "type": "invalid_request_error",
        "param": null, "code": "not_found"}});
    let seen = keyward(&["decisions", "get", "req_2"]).replies(answer("404 Not Found", &body.to_string())).run().await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.errors.contains("There is no decision"), "{}", seen.errors);
}
