//! Identity providers and browsers that mean harm: nobody is signed in.

use http::Method;
use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::identity_provider::{
    Attempt, CLIENT_SECRET, IdentityProvider, PROVIDERS, Signed, callback, cookies, get, session,
};

keyward_testkit::on_both_databases!(
    a_token_that_is_wrong_in_any_way_signs_nobody_in,
    a_key_that_is_new_is_asked_for_once,
    an_answer_that_this_browser_did_not_ask_for_is_refused,
    an_answer_is_taken_once_and_in_time,
    an_answer_of_another_provider_is_refused,
    another_organizations_address_takes_no_answer,
    a_provider_that_floods_is_cut_off,
    a_provider_that_is_not_what_it_says_is_refused,
    an_attempt_begins_and_ends_on_this_site,
    failures_that_anybody_could_cause_fill_nothing,
);

async fn failures(app: &TestApp) -> Vec<Value> {
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=login.failed&limit=100").await.ok();
    events["data"].as_array().unwrap().clone()
}

async fn a_token_that_is_wrong_in_any_way_signs_nobody_in(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let now = idp.now();
    // What can't be read at all is the provider's failure; the rest says which claim is wrong.
    let unreadable = "its ID token lacks what every one holds";
    let wrong = [
        (json!({"nonce": "another"}), "(nonce)"),
        (json!({"nonce": null}), "(nonce)"),
        (json!({"aud": "another-client"}), "(aud)"),
        (json!({"aud": ["another-client"]}), "(aud)"),
        (json!({"aud": ["keyward-test", "another-client"]}), "(aud)"),
        (json!({"aud": null}), "(aud)"),
        (json!({"azp": "another-client"}), "(azp)"),
        (json!({"iss": "https://another.example"}), "(iss)"),
        (json!({"iss": format!("{}/", idp.issuer)}), "(iss)"),
        (json!({"exp": now - 61}), "expired"),
        (json!({"exp": null}), unreadable),
        (json!({"iat": now + 120}), "from the future"),
        (json!({"sub": null}), unreadable),
        (json!({"sub": ""}), "(sub)"),
        (json!({"sub": "x".repeat(256)}), "(sub)"),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "(at_hash)"),
    ];
    for (claims, why) in wrong {
        let answer = idp.sign_in(app, &provider, claims.clone()).await;
        assert_eq!(answer.status, if why == unreadable { 502 } else { 403 }, "{claims}: {}", answer.text());
        assert!(answer.text().contains(why) && cookies(&answer).is_empty(), "{claims}: {}", answer.text());
    }
    for (signed, why) in [
        (Signed::ByAnotherKey, "the signature of its ID token is wrong"),
        (Signed::Not, "isn't signed"),
        (Signed::WithPublicKey, "signed in a way that isn't accepted"),
        (Signed::WithClientSecret, "signed in a way that isn't accepted"),
    ] {
        idp.plays(|script| script.signed = signed);
        let answer = idp.go_through(app, &provider).await;
        answer.assert_error(403, "sso_failed", None);
        assert!(answer.text().contains(why) && cookies(&answer).is_empty(), "{signed:?}: {}", answer.text());
        assert!(!answer.text().contains(CLIENT_SECRET));
    }
    // A clock that is a little off is none of these.
    for claims in
        [json!({"exp": now - 30}), json!({"iat": now + 30}), json!({"azp": "keyward-test"}), json!({"at_hash": null})]
    {
        session(&idp.sign_in(app, &provider, claims).await);
    }
}

async fn a_key_that_is_new_is_asked_for_once(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    session(&idp.go_through(app, &provider).await);
    let asked = || idp.seen().iter().filter(|(path, ..)| path == "/keys").count();
    assert_eq!(asked(), 1, "what is known for minutes isn't asked again");
    session(&idp.go_through(app, &provider).await);
    assert_eq!(asked(), 1);
    idp.plays(|script| script.kid = 1);
    session(&idp.go_through(app, &provider).await);
    assert_eq!(asked(), 2, "a new key is found at once");
    app.clock.advance(301);
    session(&idp.go_through(app, &provider).await);
    assert_eq!(asked(), 3, "after some minutes, it is asked anew");
}

async fn an_answer_that_this_browser_did_not_ask_for_is_refused(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let (mine, theirs) = (Attempt::start(app, &provider).await, Attempt::start(app, &provider).await);
    idp.visited(&mine);
    let state = mine.parameter("state");
    let (good, tampered) = (
        format!("code=1&state={state}"),
        format!("code=1&state={}{}", &state[..42], if state.ends_with('x') { 'y' } else { 'x' }),
    );
    let mut broken = mine.cookie.clone();
    let flipped = if broken.ends_with('A') { 'B' } else { 'A' };
    broken.pop();
    broken.push(flipped);
    let twice = format!("{}; {}", mine.cookie, theirs.cookie);
    for (query, cookie) in [
        (good.as_str(), None),
        (&good, Some(theirs.cookie.as_str())),
        (&good, Some(&broken)),
        (&good, Some("__Host-keyward-sso=")),
        (&good, Some(&twice)),
        (&tampered, Some(&mine.cookie)),
        ("code=1", Some(&mine.cookie)),
        ("code=1&state=", Some(&mine.cookie)),
        (&format!("{good}&state={state}"), Some(&mine.cookie)),
        (&format!("error=access_denied&state={}", theirs.parameter("state")), Some(&mine.cookie)),
    ] {
        let answer = callback(app, &mine.callback, query, cookie).await;
        answer.assert_error(403, "sso_state_mismatch", None);
        assert!(cookies(&answer).is_empty());
    }
    assert!(idp.seen().iter().all(|(path, ..)| path != "/token"), "no code was brought to the provider");
    session(&callback(app, &mine.callback, &good, Some(&mine.cookie)).await);
}

async fn an_answer_is_taken_once_and_in_time(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let attempt = Attempt::start(app, &provider).await;
    idp.visited(&attempt);
    session(&attempt.come_back(app, "code=1").await);
    // The browser has no cookie for it any more; somebody who kept it gets no further.
    attempt.come_back(app, "code=1").await.assert_error(403, "sso_failed", None);
    let late = Attempt::start(app, &provider).await;
    idp.visited(&late);
    app.clock.advance(600);
    late.come_back(app, "code=2").await.assert_error(403, "sso_state_mismatch", None);
    let changed = Attempt::start(app, &provider).await;
    idp.visited(&changed);
    app.admin.post(&format!("{PROVIDERS}/{}", provider["id"].as_str().unwrap()), json!({"name": "Anew"})).await.ok();
    changed.come_back(app, "code=3").await.assert_error(403, "sso_failed", None);
}

async fn an_answer_of_another_provider_is_refused(app: &TestApp) {
    let (honest, evil) = (IdentityProvider::start(app).await, IdentityProvider::start(app).await);
    let trusted = honest.connect(app, json!({"creates_members": true})).await;
    let other = evil.connect(app, json!({"creates_members": true})).await;
    // RFC 9207: the answer says who gives it.
    let attempt = Attempt::start(app, &other).await;
    let mixed = format!("code=of-the-honest&iss={}", honest.issuer);
    attempt.come_back(app, &mixed).await.assert_error(403, "sso_failed", None);
    assert!(evil.seen().iter().all(|(path, ..)| path != "/token"), "the code went nowhere");
    // A provider that promises to say so must.
    let promise = json!({"authorization_response_iss_parameter_supported": true});
    honest.plays(|script| script.discovery = promise.clone());
    let attempt = Attempt::start(app, &trusted).await;
    honest.visited(&attempt);
    attempt.come_back(app, "code=1").await.assert_error(403, "sso_failed", None);
    session(&attempt.come_back(app, &format!("code=1&iss={}", honest.issuer)).await);
    // One provider's word counts for nothing at another, whatever it says of itself.
    evil.says(json!({"iss": honest.issuer}));
    evil.go_through(app, &other).await.assert_error(403, "sso_failed", None);
}

async fn another_organizations_address_takes_no_answer(app: &TestApp) {
    let evil = IdentityProvider::start(app).await;
    let provider = evil.connect(app, json!({})).await;
    let attempt = Attempt::start(app, &provider).await;
    let elsewhere = app.stranger.get("/v1/organization").await.ok()["id"].as_str().unwrap().to_owned();
    let address = format!("/v1/auth/sso/callback/{elsewhere}");
    assert_ne!(address, attempt.callback);
    // The second organization's provider sends a code to its own address; the attempt
    // is of the first one's provider, which must not get it.
    let query = format!("code=1&state={}", attempt.parameter("state"));
    callback(app, &address, &query, Some(&attempt.cookie)).await.assert_error(403, "sso_state_mismatch", None);
    callback(app, "/v1/auth/sso/callback/nonsense", &query, Some(&attempt.cookie)).await.assert_error(
        404,
        "not_found",
        None,
    );
    assert!(evil.seen().iter().all(|(path, ..)| path != "/token"));
}

async fn a_provider_that_floods_is_cut_off(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    idp.plays(|script| script.flood = 4 << 20);
    idp.go_through(app, &provider).await.assert_error(502, "provider_not_understood", None);
}

async fn a_provider_that_is_not_what_it_says_is_refused(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let test = format!("{PROVIDERS}/{}/test", provider["id"].as_str().unwrap());
    for discovery in [
        json!({"issuer": "https://another.example"}),
        json!({"issuer": format!("{}/", idp.issuer)}),
        json!({"jwks_uri": null}),
        json!({"jwks_uri": format!("{}/nothing", idp.issuer)}),
        json!({"token_endpoint": null}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"authorization_endpoint": "ftp://a.example"}),
        json!({"id_token_signing_alg_values_supported": ["HS256", "none"]}),
        json!({"redirect": "http://169.254.169.254/latest/meta-data"}),
    ] {
        idp.plays(|script| script.discovery = discovery.clone());
        let answer = app.admin.post(&test, json!({})).await;
        assert_eq!(answer.status, 502, "{discovery}: {}", answer.text());
        answer.assert_error(502, "provider_not_understood", None);
    }
    idp.plays(|script| script.discovery = json!({"jwks_uri": "ftp://a.example/keys"}));
    app.admin.post(&test, json!({})).await.assert_error(502, "provider_blocked", None);
    idp.plays(|_| ());
    let tested = app.admin.post(&test, json!({})).await.ok();
    assert_eq!((&tested["keys"], &tested["signing_algorithms"]), (&json!(1), &json!(["RS256"])));
}

async fn an_attempt_begins_and_ends_on_this_site(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let start = format!("/v1/auth/sso/{}/start", provider["id"].as_str().unwrap());
    for elsewhere in ["https://evil.example", "//evil.example", "/%5Cevil.example", "/%09/evil.example", "evil"] {
        let answer = app.nobody.get(&format!("{start}?return_to={elsewhere}")).await;
        answer.assert_error(400, "invalid_value", "return_to");
    }
    app.nobody.get(&format!("{start}?to=/")).await.assert_error(400, "unknown_parameter", "to");
    for (name, value) in [
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "image"),
    ] {
        let behind = app.nobody.asking(Method::GET, &start).header(name, value).send().await;
        behind.assert_error(403, "cross_site_request", None);
    }
    let link = app.nobody.asking(Method::GET, &start).header("sec-fetch-site", "cross-site");
    let link = link.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document").send().await;
    assert_eq!(link.status, 302, "a link on another page may lead here");
    for none in ["sso_00000000000000000000000000000000", "nonsense"] {
        app.nobody.get(&format!("/v1/auth/sso/{none}/start")).await.assert_error(404, "not_found", None);
    }
    app.admin.post(&format!("{PROVIDERS}/{}", provider["id"].as_str().unwrap()), json!({"enabled": false})).await.ok();
    app.nobody.get(&start).await.assert_error(404, "not_found", None);
}

async fn failures_that_anybody_could_cause_fill_nothing(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let attempt = Attempt::start(app, &provider).await;
    attempt.come_back(app, "error=access_denied").await.assert_error(403, "sso_denied", None);
    let told = attempt.come_back(app, "error=temporarily_unavailable%0a%3Cb%3E").await;
    told.assert_error(403, "sso_failed", None);
    assert!(told.text().contains("temporarily_unavailable"), "{}", told.text());
    attempt.come_back(app, "nothing=1").await.assert_error(403, "sso_failed", None);
    attempt.come_back(app, "code=made-up").await.assert_error(403, "sso_failed", None);
    callback(app, &attempt.callback, "code=1&state=1", None).await.assert_error(403, "sso_state_mismatch", None);
    assert_eq!(failures(app).await, Vec::<Value>::new());
    // What the provider itself sends is worth knowing.
    idp.sign_in(app, &provider, json!({"aud": "another"})).await.assert_error(403, "sso_failed", None);
    idp.sign_in(app, &provider, json!({})).await.assert_error(403, "sso_not_a_member", None);
    let reasons: Vec<_> = failures(app).await.iter().map(|event| event["login.failed"].clone()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    get(app, "__Host-keyward=nonsense", "/v1/organization").await.assert_error(401, "invalid_api_key", None);
}
