//! The admin API for tests: the real router over a fresh SQLite database, asked
//! without a network in between, and a provider that lists what it is told.

// Each test file takes what it needs of this.
#![allow(dead_code, reason = "shared by several test programs, none of which uses all of it")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{Extension, Router, body::Body, http::Request};
use http_body_util::BodyExt;
use keyward_access::CredentialEntry;
use keyward_api::Api;
use keyward_domain::{
    Clock, Name, Randomness, Timestamp, clock::from_millis, id::RequestId, organization::Email, password::Password,
};
use keyward_service::{
    Keyward, MasterKeySource, Parts,
    credential::{ModelListError, ModelLister, ModelNames},
    open,
    organization::{self, CreateOrganization},
    sso::{Fetched, IdentityProviderError, SsoClient, Transport},
};
use keyward_store::Pool;
use keyward_web::Caller;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// An open installation with one organization, and its admin API.
pub struct TestApi {
    /// The service behind it.
    pub keyward: Keyward,
    /// What the provider answers when a credential is tested.
    pub provider: Arc<ScriptedModels>,
    /// An admin key of the first organization.
    pub admin_key: String,
    router: Router,
    _directory: TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: axum::http::HeaderMap,
    /// The body; null when it isn't JSON.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl TestApi {
    /// Sets an installation up.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pool = Pool::open_sqlite(&directory.path().join("keyward.db")).await.unwrap();
        let master_key = MasterKeySource::File(directory.path().join("master.key"));
        let (clock, randomness) = (Arc::new(StandingClock), Arc::new(CountingRandomness(AtomicU64::new(1))));
        let keyward = open(Parts {
            pool,
            master_key,
            clock,
            randomness,
            journal: None,
            public_url: "https://keyward.test".into(),
        })
        .await
        .unwrap();
        let provider = Arc::new(ScriptedModels(Mutex::new(Ok(vec!["gpt-4o".into()]))));
        let caller = Caller {
            ip: std::net::IpAddr::from([192, 0, 2, 1]),
            request_id: RequestId::generate(keyward.ids(), &StandingClock, &CountingRandomness(AtomicU64::new(9))),
        };
        let sso = Arc::new(SsoClient::new(Arc::new(NoWayOut), false));
        let api = Api { keyward: keyward.clone(), models: provider.clone(), sso };
        let router = keyward_api::router(api).layer(Extension(caller));
        let admin_key = admin_key_of(&keyward, "First").await;
        Self { keyward, provider, admin_key, router, _directory: directory }
    }

    /// An admin key of another organization, made for the purpose.
    pub async fn stranger(&self) -> String {
        admin_key_of(&self.keyward, "Second").await
    }

    /// Sends a request with these headers; `body` as JSON.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: head.status.as_u16(), headers: head.headers, json, text }
    }

    /// The admin API itself, for requests out of the ordinary.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Sends a request with an admin key.
    pub async fn as_key(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send(method, path, body, &[("authorization", &format!("Bearer {key}"))]).await
    }

    /// `GET` with the first organization's key.
    pub async fn get(&self, path: &str) -> Answer {
        self.as_key(&self.admin_key, "GET", path, None).await
    }

    /// `POST` with the first organization's key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.as_key(&self.admin_key, "POST", path, Some(body)).await
    }

    /// `DELETE` with the first organization's key.
    pub async fn delete(&self, path: &str) -> Answer {
        self.as_key(&self.admin_key, "DELETE", path, None).await
    }

    /// Makes a project and answers its path.
    pub async fn project(&self, name: &str) -> String {
        let made = self.post("/v1/organization/projects", serde_json::json!({ "name": name })).await.ok();
        format!("/v1/organization/projects/{}", made["id"].as_str().unwrap())
    }
}

impl Answer {
    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json
    }

    /// Checks status and code, and answers the `param`.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Option<String> {
        assert_eq!((self.status, &self.json["error"]["code"]), (status, &Value::from(code)), "{}", self.text);
        assert!(self.json["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "{}", self.text);
        self.json["error"]["param"].as_str().map(str::to_owned)
    }
}

async fn admin_key_of(keyward: &Keyward, name: &str) -> String {
    let command = CreateOrganization {
        name: Name::parse("name", name).unwrap(),
        owner_email: Email::parse("email", &format!("{}@example.com", name.to_lowercase())).unwrap(),
        password: Password::parse("password", "correct horse battery").unwrap(),
    };
    organization::create(keyward, command).await.unwrap().secret.expose().to_owned()
}

/// A provider that lists the models that it is told to.
pub struct ScriptedModels(pub Mutex<Result<Vec<String>, ModelListError>>);

impl ModelLister for ScriptedModels {
    fn list<'a>(&'a self, _: &'a CredentialEntry) -> ModelNames<'a> {
        Box::pin(std::future::ready(self.0.lock().unwrap().clone()))
    }
}

/// 2026-01-01T00:00:00Z, for ever.
struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        from_millis(1_767_225_600_000)
    }
}

/// Bytes that are different at each call and the same in each run.
struct CountingRandomness(AtomicU64);

impl Randomness for CountingRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// No identity provider can be reached.
struct NoWayOut;

impl Transport for NoWayOut {
    fn fetch(&self, _: axum::http::Request<Vec<u8>>) -> Fetched<'_> {
        Box::pin(std::future::ready(Err(IdentityProviderError::Unreachable("there is no network".into()))))
    }
}
