//! What stands around signing in: plain HTTP, and single sign-on that failed.

use http::Method;
use keyward_testkit::TestApp;

use crate::support::{refused, shown};

const WARNING: &str = "You can't sign in at this address";

#[tokio::test]
async fn over_plain_http_from_elsewhere_it_is_said_that_nobody_can_sign_in() {
    let app = TestApp::on_sqlite().await;
    let look = async |headers: &[(&'static str, &str)]| {
        let asking = app.nobody.asking(Method::GET, "/login");
        shown(&headers.iter().fold(asking, |asking, (name, value)| asking.header(name, value)).send().await)
    };
    let page = look(&[("host", "10.0.0.5:8080")]).await;
    assert!(page.contains(WARNING) && page.contains("<code>public_url</code>"), "{page}");
    assert!(!look(&[]).await.contains(WARNING), "this very machine");
    assert!(!look(&[("host", "10.0.0.5:8080"), ("sec-fetch-site", "none")]).await.contains(WARNING));
    app.finish().await;
}

#[tokio::test]
async fn single_sign_on_that_failed_leads_back_to_signing_in() {
    let app = TestApp::on_sqlite().await;
    let id = app.admin.get("/v1/organization").await.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/auth/sso/callback/{id}?state=x&code=y");
    let asking = app.nobody.asking(Method::GET, &path).header("sec-fetch-mode", "navigate");
    refused(&asking.send().await, 403, &["sso_state_mismatch", "You aren&#39;t signed in", "href=\"/login\""]);
    app.nobody.get(&path).await.assert_error(403, "sso_state_mismatch", None);
    app.finish().await;
}
