//! What lists have in common: sorted by their heads, with the columns that
//! somebody chose.

use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::json;

use crate::support::{between, send, shown};

/// Somebody's page, with what their browser keeps besides the session.
async fn page_with(person: &Actor, path: &str, cookie: &str) -> String {
    let asking = person.asking(http::Method::GET, path).header("cookie", cookie);
    shown(&asking.send().await)
}

/// The cookie that an answer sets, as a browser sends it back.
fn kept(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_columns_of_the_api_keys_are_chosen_and_remembered_in_every_project() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let mut lists = Vec::new();
    for name in ["One", "Two"] {
        let project = app.project(name).await;
        app.admin.post(&format!("{project}/api_keys"), json!({"name": "Key"})).await.ok();
        lists.push(format!("/projects/{}/api-keys", project.rsplit('/').next().unwrap()));
    }
    let usual = shown(&owner.get(&lists[0]).await);
    let heads = |page: &str| between(page, "<thead>", "</thead>").to_owned();
    assert!(heads(&usual).contains("Scopes and limits") && !heads(&usual).contains(">ID<"));
    let back = format!("{}?sort=name", lists[0]);
    let fields = [("column", "id"), ("column", "requests"), ("back", back.as_str())];
    let answer = send(&owner, &format!("{}/columns", lists[0]), &fields).await;
    assert_eq!(answer.header("location"), Some(back.as_str()));
    let cookie = kept(&answer);
    for list in &lists {
        let page = page_with(&owner, list, &cookie).await;
        let heads = heads(&page);
        assert!(heads.contains(">ID<") && heads.contains("Requests") && heads.contains("API key"), "{heads}");
        assert!(!heads.contains("Scopes and limits") && !heads.contains("Expires"), "{heads}");
        let row = between(&page, "<tbody>", "</tbody>");
        assert!(row.contains("<code>key_") && !row.contains("All scopes"), "{row}");
        assert!(page.contains("value=\"id\" checked") && !page.contains("value=\"scopes\" checked"));
    }
    let again =
        send(&owner, &format!("{}/columns", lists[0]), &[("choice", "usual"), ("back", "//evil.example")]).await;
    assert_eq!(again.header("location"), Some(lists[0].as_str()), "back to nowhere else");
    assert_eq!(heads(&page_with(&owner, &lists[0], &kept(&again)).await), heads(&usual));
    app.finish().await;
}

#[tokio::test]
async fn projects_are_sorted_by_their_heads_and_a_search_keeps_the_order() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    for name in ["Banana", "apple", "Cherry"] {
        app.project(name).await;
    }
    let order = async |query: &str| {
        let page = shown(&owner.get(&format!("/projects?{query}")).await);
        let body = between(&page, "<tbody>", "</tbody>").to_owned();
        let mut names = ["Banana", "apple", "Cherry"];
        names.sort_by_key(|name| body.find(&format!(">{name}</a>")).unwrap());
        (names, page)
    };
    let (newest, page) = order("").await;
    assert_eq!(newest, ["Cherry", "apple", "Banana"]);
    assert!(page.contains("href=\"/projects?sort=name&#38;order=asc\""), "{page}");
    let (by_name, page) = order("sort=name").await;
    assert_eq!(by_name, ["apple", "Banana", "Cherry"]);
    assert!(page.contains("aria-sort=\"ascending\""));
    let search = between(&page, "role=\"search\"", "</form>");
    assert!(search.contains("name=\"sort\" value=\"name\""), "{search}");
    assert_eq!(order("sort=name&order=desc").await.0, ["Cherry", "Banana", "apple"]);
    assert_eq!(order("sort=nonsense&order=nonsense").await.0, newest);
    app.finish().await;
}

#[tokio::test]
async fn projects_beyond_those_that_are_offered_are_named_by_their_ids() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let oldest = app.project("The oldest").await;
    let id = oldest.rsplit('/').next().unwrap();
    let invite = "/organization/users/invitations/new";
    let before = shown(&owner.get(invite).await);
    assert!(before.contains(id) && !before.contains("further_projects"), "all are offered");
    for number in 0..100 {
        app.project(&format!("Project {number}")).await;
    }
    let page = shown(&owner.get(invite).await);
    assert!(!page.contains(id) && page.contains("name=\"further_projects\""));
    let form = |further| {
        [("email", "ada@example.com"), ("role", "reader"), ("further_projects", further), ("further_role", "owner")]
    };
    let wrong = send(&owner, "/organization/users/invitations", &form("The oldest")).await;
    assert_eq!(wrong.status, 400);
    let text = wrong.text();
    assert!(text.contains("isn&#39;t a project&#39;s ID") || text.contains("a project&#39;s ID"), "{text}");
    let sent = send(&owner, "/organization/users/invitations", &form(id)).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let invites = app.admin.get("/v1/organization/invites").await.ok();
    assert_eq!(invites["data"][0]["projects"], json!([{"id": id, "role": "owner"}]), "{invites}");
    app.finish().await;
}
