//! `/organization/prices`: model costs.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const PRICES: &str = "/organization/prices";

#[tokio::test]
async fn a_price_is_set_changed_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    assert!(shown(&owner.get(PRICES).await).contains("No price of your own yet"));
    assert!(shown(&owner.get(&format!("{PRICES}/new")).await).contains("Any provider"));
    let wrong = [("model", "gpt-4o*"), ("input", "cheap"), ("output", "10"), ("effective_from", "2027-01-31")];
    refused(&send(&owner, PRICES, &wrong).await, 400, &["id=\"input-error\"", "value=\"cheap\"", "value=\"gpt-4o*\""]);
    let typed = [("model", HOSTILE), ("input", "2.5"), ("output", "10"), ("effective_from", "2027-01-31")];
    assert_eq!(leads_to(&send(&owner, PRICES, &typed).await), PRICES);
    refused(&send(&owner, PRICES, &typed).await, 409, &["id=\"model-error\""]);
    let page = shown(&owner.get(PRICES).await);
    assert!(page.contains(ESCAPED) && page.contains("$2.50") && page.contains("$10.00"));
    let set = app.admin.get("/v1/organization/prices").await.ok()["data"][0].clone();
    assert_eq!(set["effective_from"], 1_801_353_600);

    let path = format!("{PRICES}/{}", set["id"].as_str().unwrap());
    let page = shown(&owner.get(&path).await);
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    let from = between(&page, "name=\"effective_from\" type=\"text\" value=\"", "\"").to_owned();
    let typed =
        [("model", "gpt-4o"), ("input", "3"), ("output", "10"), ("effective_from", &*from), ("version", &*version)];
    assert_eq!(leads_to(&send(&owner, &path, &typed).await), PRICES);
    let changed = app.admin.get("/v1/organization/prices").await.ok()["data"][0].clone();
    assert_eq!((&changed["input_per_million"], &changed["effective_from"]), (&"3.00".into(), &set["effective_from"]));
    refused(&send(&owner, &path, &typed).await, 412, &["Somebody else changed this price"]);
    assert!(shown(&owner.get(&format!("{path}/delete")).await).contains("Delete the price of gpt-4o?"));
    assert_eq!(leads_to(&send(&owner, &format!("{path}/delete"), &[]).await), PRICES);
    assert_eq!(owner.get(&path).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_sees_no_form() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let typed = [("model", "gpt-4o"), ("input", "1"), ("output", "2")];
    leads_to(&send(&owner, PRICES, &typed).await);
    let (ada, id) = person(&app, "ada@example.com", "Ada").await;
    refused(&ada.get(PRICES).await, 403, &["usage:read"]);
    give(&app, &id, BuiltIn::OrganizationAuditor).await;
    let page = shown(&ada.get(PRICES).await);
    assert!(page.contains("gpt-4o") && !page.contains("/prices/new"));
    let path = format!("{PRICES}/{}", between(&page, "href=\"/organization/prices/", "\""));
    let page = shown(&ada.get(&path).await);
    assert!(page.contains("$2.00") && !page.contains("name=\"model\"") && !page.contains("/delete"));
    refused(&ada.get(&format!("{PRICES}/new")).await, 403, &["prices:manage"]);
    refused(&send(&ada, PRICES, &typed).await, 403, &["prices:manage"]);
    app.finish().await;
}
