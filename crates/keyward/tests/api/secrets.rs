//! No secret where it doesn't belong: not in an answer but the one that shows
//! it, not in the database, the journal or a log, and not in an error.
//!
//! Each needs a process of its own, which nextest gives it: it listens to all
//! that the process logs.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use http::Method;
use keyward_testkit::{Answer, Provider, Reply, TestApp};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    second_factor::App,
    support::{PROJECTS, id},
};

/// Everything that is logged.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Listens to the whole process, at every level.
    pub fn start() -> Self {
        let logs = Self::default();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone()).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        logs
    }

    /// What was logged so far.
    pub fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const FIRST: &str = "sk-provider-secret-number-one-AAAA1111";
const SECOND: &str = "sk-provider-secret-number-two-BBBB2222";
const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn nothing_that_signs_in_is_anywhere_but_in_the_answer_that_hands_it_over() {
    let logs = Logs::start();
    let app = TestApp::on_sqlite().await;
    let person = app.person("first@example.com").await;
    let (wrong, new) = ("my other password 4711", "purple tractor sings quietly");
    let sign_in = async |password: &str, code: &str| {
        let body = json!({"email": "first@example.com", "password": password, "code": code});
        app.nobody.with_browser().post("/v1/auth/sign_in", body).await
    };
    let mut secrets = vec![PASSWORD.to_owned(), wrong.to_owned(), new.to_owned(), person.cookie()];
    let change = json!({"current_password": wrong, "new_password": new});
    person.post("/v1/account/password", change).await.assert_error(403, "wrong_password", None);
    let change = json!({"current_password": PASSWORD, "new_password": new});
    person.post("/v1/account/password", change).await.ok();
    secrets.push(person.cookie());
    let started = person.post("/v1/account/second_factor", json!({"password": new})).await.ok();
    let secret = started["secret"].as_str().unwrap().to_owned();
    let code = App::new(&secret).code(&app, 0);
    let codes = person.post("/v1/account/second_factor/confirm", json!({"code": code})).await.ok();
    let codes = codes["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    let codes: Vec<String> = codes.collect();
    sign_in(new, &codes[0]).await.ok();
    sign_in(new, &codes[0]).await.assert_error(401, "invalid_second_factor", None);
    sign_in(wrong, &codes[1]).await.assert_error(401, "invalid_credentials", None);
    // Somebody may have typed their password in its place.
    let unknown = "secret.typed.as.an.address@example.com";
    let body = json!({"email": unknown, "password": wrong});
    app.nobody.post("/v1/auth/sign_in", body).await.assert_error(401, "invalid_credentials", None);
    app.nobody.with_cookie(wrong.replace(' ', "")).get("/v1/account").await;
    for path in ["/v1/account", "/v1/account/sessions", "/v1/organization/audit_logs/export"] {
        assert_eq!(person.get(path).await.status, 200);
    }
    keyward_service::aggregate::write(&app.server.keyward, true).await.unwrap();

    for answer in app.answers() {
        assert!(secrets.iter().all(|secret| !holds(&answer.body, secret)), "{}", answer.text());
        let shows = |text: &str, object: &str| holds(&answer.body, text) == (answer.json["object"] == object);
        assert!(shows(&secret, "account.second_factor"), "{}", answer.text());
        assert!(codes.iter().all(|code| shows(code, "account.second_factor.recovery_codes")), "{}", answer.text());
    }
    secrets.extend(codes);
    secrets.push(secret);
    check_files(&files(app.data_dir()), &secrets);
    app.finish().await;
    let logged = logs.0.lock().unwrap().clone();
    assert!(holds(&logged, "with an address that nobody has"), "the subscriber hears the program");
    secrets.push(unknown.to_owned());
    for secret in &secrets {
        assert!(!holds(&logged, secret), "{secret} is in a log");
    }
}

#[tokio::test]
async fn no_secret_is_anywhere_but_in_the_answer_that_shows_it() {
    let logs = Logs::start();
    let app = TestApp::on_sqlite().await;
    let mut keys = story(&app).await;
    keys.extend([&app.admin, &app.stranger].map(|actor| actor.key().unwrap().to_owned()));

    let mut secrets = keys.clone();
    secrets.extend([FIRST, SECOND, PASSWORD].map(str::to_owned));
    assert_eq!(secrets.len(), 9);
    let (answers, data_dir) = (app.answers(), app.data_dir());
    assert!(answers.len() > 40);
    for answer in &answers {
        for secret in &secrets {
            let is_shown = answer.json["value"] == *secret.as_str();
            if !is_shown {
                assert!(!holds(&whole(answer), secret), "{secret} is in {}", answer.text());
            }
        }
    }
    for key in &keys[..4] {
        let shown = answers.iter().filter(|answer| answer.json["value"] == *key.as_str()).count();
        assert_eq!(shown, 1, "a key is shown once");
    }
    let files = files(data_dir);
    assert!(files.iter().any(|(name, bytes)| name.ends_with("keyward.db") && !bytes.is_empty()), "{data_dir:?}");
    assert!(files.iter().any(|(name, _)| name.contains("journal")));
    // While it runs, with the write-ahead log beside the database.
    check_files(&files, &secrets);
    app.finish().await;

    let logged = logs.text();
    assert!(holds(&logged, "keyward_gateway"), "the subscriber hears the program");
    for secret in &secrets {
        assert!(!holds(&logged, secret), "{secret} is in a log");
    }
}

/// Uses every secret well and badly; answers the API keys' texts and an admin
/// key's.
async fn story(app: &TestApp) -> Vec<String> {
    let provider = Provider::start().await;
    let project = app.project("Project").await;
    let credentials = format!("{project}/credentials");
    let made = json!({"provider": "openai", "api_key": FIRST, "base_url": provider.openai_url()});
    let credential = format!("{credentials}/{}", id(&app.admin.post(&credentials, made).await.ok()));
    let value = |answer: Answer| answer.ok()["value"].as_str().unwrap().to_owned();
    let keys = format!("{project}/api_keys");
    let first = app.admin.post(&keys, json!({"name": "First"})).await;
    let key = format!("{keys}/{}", id(&first.json));
    let mut values = vec![value(first)];
    call(app, &provider, &values[0]).await;
    values.push(value(app.admin.post(&format!("{key}/rotate"), json!({"overlap_seconds": 60})).await));
    call(app, &provider, &values[0]).await;
    call(app, &provider, &values[1]).await;
    app.admin.post(&credential, json!({"api_key": SECOND})).await.ok();
    call(app, &provider, &values[1]).await;
    values.push(value(app.admin.post(&keys, json!({"name": "Second"})).await));
    values.push(value(app.admin.post("/v1/organization/admin_api_keys", json!({"name": "Another"})).await));

    // Secrets where they don't belong, and errors of all kinds.
    for secret in values.iter().map(String::as_str).chain([FIRST, SECOND]) {
        let anyone = app.nobody.with_key(secret);
        anyone.get(PROJECTS).await;
        anyone.get("/v1/models").await;
        anyone.get("/v1/nothing").await;
        let two = app.admin.asking(Method::GET, PROJECTS).header("x-api-key", secret);
        two.send().await.assert_error(400, "conflicting_credentials", None);
        let body = json!({"provider": "anthropic", "api_key": secret});
        app.admin.post(&credentials, body).await.assert_error(400, "invalid_api_key_format", "api_key");
        let body = json!({"provider": "openai", "api_key": {"is": secret}});
        app.admin.post(&credentials, body).await.assert_error(400, "invalid_type", "api_key");
    }
    provider.tell(Reply::json(401, &json!({"error": {"message": format!("Incorrect API key provided: {SECOND}")}})));
    app.admin.post(&format!("{credential}/test"), json!({})).await.assert_error(
        502,
        "provider_authentication_failed",
        None,
    );
    app.admin.get(&credential).await.ok();
    app.admin.get(&keys).await.ok();
    app.admin.post(&format!("{key}/revoke"), json!({})).await.ok();
    app.nobody.with_key(&values[1]).get("/v1/models").await.assert_error(401, "api_key_revoked", None);
    for path in [
        "/v1/organization/audit_logs?limit=100",
        "/v1/organization/audit_logs/export",
        "/v1/organization/admin_api_keys",
        "/openapi.json",
        "/readyz",
    ] {
        assert_eq!(app.admin.get(path).await.status, 200);
    }
    values
}

/// A call that goes well, and one that the provider refuses with the secret in
/// its answer.
async fn call(app: &TestApp, provider: &Provider, key: &str) {
    let body: Value = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}]});
    let bearer = app.nobody.with_key(key);
    bearer.post("/v1/chat/completions", body.clone()).await.ok();
    provider.tell(Reply::json(
        401,
        &json!({"error": {"message": format!("Incorrect API key provided: {FIRST} {SECOND}")}}),
    ));
    let refused = bearer.post("/v1/chat/completions", body).await;
    refused.assert_error(502, "provider_authentication_failed", None);
}

fn whole(answer: &Answer) -> Vec<u8> {
    let mut bytes = answer.body.to_vec();
    for (name, value) in &answer.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes
}

pub fn check_files(files: &[(String, Vec<u8>)], secrets: &[String]) {
    for (name, bytes) in files {
        for secret in secrets {
            assert!(!holds(bytes, secret), "{secret} is in {name}");
        }
    }
}

/// Every file below, with what is in it.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    files
}

/// Whether the text, or its random part alone, stands there.
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    let random = secret.trim_start_matches("sk-project-").trim_start_matches("sk-admin-");
    let random = &random.as_bytes()[..random.len() - 4];
    bytes.windows(random.len()).any(|window| window == random)
}
