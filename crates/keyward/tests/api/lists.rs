//! Paging, at every operation that pages.

use keyward_testkit::{Actor, TestApp};
use serde_json::{Value, json};

use crate::{
    document::{Operation, administration},
    matrix::one_of_everything,
    support::{PROJECTS, ids},
};

keyward_testkit::on_both_databases!(
    a_query_that_makes_no_sense_is_refused_everywhere,
    lists_page_forward_and_backward_in_both_orders,
    a_cursor_of_another_tenant_is_refused,
);

fn lists() -> Vec<Operation> {
    // Reports of usage are buckets of time, paged in their own way: see `usage.rs`.
    let is_list = |operation: &Operation| operation.takes("limit") && !operation.takes("start_time");
    let lists: Vec<_> = administration().into_iter().filter(is_list).collect();
    assert!(lists.len() >= 4, "{lists:?}");
    lists
}

async fn a_query_that_makes_no_sense_is_refused_everywhere(app: &TestApp) {
    let ids = one_of_everything(app).await;
    for list in lists() {
        let path = list.path_with(&ids);
        // Where the specification lets a client read everything at once.
        let is_long = !list.takes("before");
        for (query, code, param) in [
            ("limit=0", "invalid_value", "limit"),
            (if is_long { "limit=1001" } else { "limit=101" }, "invalid_value", "limit"),
            ("limit=-1", "invalid_value", "limit"),
            ("limit=ten", "invalid_value", "limit"),
            ("limit=1&limit=2", "invalid_value", "limit"),
            ("limit=99999999999999999999", "invalid_value", "limit"),
            ("after=nonsense", "invalid_cursor", "after"),
            ("before=nonsense", "invalid_cursor", "before"),
            ("nonsense=1", "unknown_parameter", "nonsense"),
            ("limit=1&Limit=1", "unknown_parameter", "Limit"),
            ("search[]=x&nonsense", "unknown_parameter", "search[]"),
        ] {
            let answer = app.admin.get(&format!("{path}?{query}")).await;
            if list.takes(param) || code == "unknown_parameter" {
                answer.assert_error(400, code, param);
            }
        }
        if list.takes("order") {
            app.admin.get(&format!("{path}?order=up")).await.assert_error(400, "invalid_value", "order");
        }
        let whole = app.admin.get(&format!("{path}?limit=100")).await.ok();
        assert_eq!((&whole["object"], &whole["has_more"]), (&json!("list"), &json!(false)), "{path}");
        let usual = app.admin.get(&path).await.ok();
        for query in ["?", "?limit=&after="] {
            assert_eq!(app.admin.get(&format!("{path}{query}")).await.ok(), usual, "{path}{query}");
        }
    }
}

/// The collections that a test can fill: path and a body by number.
async fn collections(app: &TestApp, actor: &Actor) -> Vec<(String, fn(usize) -> Value)> {
    let project = app.project_of(actor, "Zero").await;
    vec![
        ("/v1/organization/admin_api_keys".to_owned(), |number| json!({"name": format!("Number {number}")})),
        (PROJECTS.to_owned(), |number| json!({"name": format!("Number {number}")})),
        (format!("{project}/api_keys"), |number| json!({"name": format!("Number {number}")})),
        (format!("{project}/credentials"), |_| json!({"provider": "demo"})),
        ("/v1/organization/credentials".to_owned(), |_| json!({"provider": "demo"})),
        (
            "/v1/organization/invites".to_owned(),
            |number| json!({"email": format!("number{number}@example.com"), "role": "reader"}),
        ),
        (
            "/v1/organization/sso_providers".to_owned(),
            |number| json!({"name": format!("Number {number}"), "issuer": "https://login.example.com", "client_id": "keyward"}),
        ),
    ]
}

async fn lists_page_forward_and_backward_in_both_orders(app: &TestApp) {
    for (path, body) in collections(app, &app.admin).await {
        for number in 0..6 {
            app.admin.post(&path, body(number)).await.ok();
        }
        let page = async |query: &str| app.admin.get(&format!("{path}?{query}")).await.ok();
        let all = ids(&page("limit=100").await);
        assert!(all.len() >= 6 && all.len() < 20, "{path}");
        assert_eq!(ids(&page("").await), all);
        // Ids rise with the moment of creation.
        let mut rising = all.clone();
        rising.sort();
        let falling: Vec<_> = rising.iter().rev().cloned().collect();
        let is_specified_rising = path.ends_with("/admin_api_keys");
        assert_eq!(&all, if is_specified_rising { &rising } else { &falling }, "{path}");
        for (order, all) in [("desc", falling), ("asc", rising)] {
            let first = page(&format!("order={order}&limit=2")).await;
            assert_eq!(ids(&first), all[..2]);
            assert_eq!((&first["has_more"], &first["object"]), (&json!(true), &json!("list")));
            assert_eq!((&first["first_id"], &first["last_id"]), (&json!(all[0]), &json!(all[1])));
            assert_eq!(first.as_object().unwrap().len(), 5);
            let second = page(&format!("order={order}&limit=2&after={}", all[1])).await;
            assert_eq!(ids(&second), all[2..4]);
            let back = page(&format!("order={order}&limit=2&before={}", all[3])).await;
            assert_eq!(ids(&back), all[1..3], "the two in front of it, in the same order");
            let rest = page(&format!("order={order}&limit=100&after={}", all[1])).await;
            assert_eq!((ids(&rest), &rest["has_more"]), (all[2..].to_vec(), &json!(false)));
            let none = page(&format!("order={order}&after={}", all[all.len() - 1])).await;
            assert_eq!((&none["data"], &none["first_id"], &none["last_id"]), (&json!([]), &json!(null), &json!(null)));
            let both = format!("{path}?after={}&before={}", all[0], all[1]);
            app.admin.get(&both).await.assert_error(400, "invalid_value", "before");
        }
    }
}

async fn a_cursor_of_another_tenant_is_refused(app: &TestApp) {
    let (mine, theirs) = (collections(app, &app.admin).await, collections(app, &app.stranger).await);
    for ((path, body), (their_path, _)) in mine.into_iter().zip(theirs) {
        app.admin.post(&path, body(1)).await.ok();
        let cursor = app.stranger.post(&their_path, body(1)).await.ok()["id"].as_str().unwrap().to_owned();
        let made_up = format!("{}_{}", cursor.split('_').next().unwrap(), "0".repeat(32));
        for cursor in [cursor, made_up] {
            app.admin.get(&format!("{path}?after={cursor}")).await.assert_error(400, "invalid_cursor", "after");
            app.admin.get(&format!("{path}?before={cursor}")).await.assert_error(400, "invalid_cursor", "before");
        }
    }
}
