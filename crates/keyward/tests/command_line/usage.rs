use serde_json::{Value, json};

use crate::support::{keyward, ok};

fn bucket(start: i64, results: &Value) -> Value {
    json!({"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": results})
}

fn cost(nanos: i64, calls: i64, line_item: &Value) -> Value {
    json!({"object": "organization.costs.result", "amount": {"value": 0.0, "currency": "usd", "value_nanos": nanos},
        "num_model_requests": calls, "num_unpriced_requests": 1, "line_item": line_item, "project_id": null,
        "api_key_id": null})
}

fn page(first: &Value, second: &Value) -> Value {
    let data = [bucket(1_795_132_800, first), bucket(1_795_219_200, second)];
    json!({"object": "page", "data": data, "has_more": false, "next_page": null})
}

#[tokio::test]
async fn costs_are_shown_by_the_day() {
    let answer = page(&json!([cost(1_500_000_000, 4, &Value::Null)]), &json!([]));
    let seen = keyward(&["usage", "costs", "--days", "2"]).replies(ok(&answer)).run().await;
    seen.assert_done();
    let lines = seen.lines();
    assert!(
        lines[0].starts_with("GET /v1/organization/costs?start_time=") && lines[0].ends_with("&limit=2"),
        "{lines:?}"
    );
    assert_eq!(
        seen.output,
        "OF          CALLS  WITHOUT PRICE  COST IN DOLLARS\n\
         2026-11-20      4              1             1.50\n\
         2026-11-21      0              0             0.00\n\
         all             4              1             1.50\n"
    );
    let json = keyward(&["usage", "costs", "--json"]).replies(ok(&answer)).run().await;
    assert_eq!(json.output, format!("{answer}\n"));
}

#[tokio::test]
async fn costs_are_shown_by_the_model_the_dearest_first() {
    let (small, large) = (json!("openai/gpt-4o-mini"), json!("openai/gpt-4o"));
    let answer = page(&json!([cost(5, 1, &small)]), &json!([cost(7_000, 2, &large), cost(10, 3, &small)]));
    let seen = keyward(&["usage", "costs", "--by", "model", "--project", "proj_1"]).replies(ok(&answer)).run().await;
    seen.assert_done();
    assert!(seen.lines()[0].ends_with("&limit=7&group_by=line_item&project_ids=proj_1"), "{:?}", seen.lines());
    assert_eq!(
        seen.output,
        "OF                  CALLS  WITHOUT PRICE  COST IN DOLLARS\n\
         openai/gpt-4o           2              1         0.000007\n\
         openai/gpt-4o-mini      4              2      0.000000015\n\
         all                     6              3      0.000007015\n"
    );
}
