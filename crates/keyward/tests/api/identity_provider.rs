//! An identity provider that says what a test tells it, rightly signed or not,
//! and a browser's way to it and back.

use std::{
    collections::HashSet,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, LazyLock},
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use keyward_testkit::{Answer, ManualClock, TestApp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

pub const PROVIDERS: &str = "/v1/organization/sso_providers";
pub const CLIENT_SECRET: &str = "client-secret-0123456789-of-a-test";
const CLIENT_ID: &str = "keyward-test";
const ACCESS_TOKEN: &str = "access-token-of-a-test";

/// Made once for all tests of a process: making one takes a while.
static KEYS: LazyLock<[KeyPair; 2]> = LazyLock::new(|| [(); 2].map(|()| KeyPair::generate(KeySize::Rsa2048).unwrap()));

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// By the key that is shown.
    Well,
    /// By another key under the same name.
    ByAnotherKey,
    /// Not at all, and it says so.
    Not,
    /// With the public key as if it were a shared secret.
    WithPublicKey,
    /// With the client secret as a shared secret.
    WithClientSecret,
}

/// What it does and says.
#[derive(Debug, Clone)]
pub struct Script {
    /// Put over the ID token's usual claims; null takes a claim away.
    pub claims: Value,
    /// Put over the discovery document.
    pub discovery: Value,
    /// What the user information says; null: there is none.
    pub userinfo: Value,
    pub signed: Signed,
    /// Which key it shows and signs with, by its name.
    pub kid: usize,
    /// How many bytes of nothing the token endpoint answers.
    pub flood: usize,
    /// The token endpoint never answers.
    pub hangs: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            claims: json!({}),
            discovery: json!({}),
            userinfo: json!(null),
            signed: Signed::Well,
            kid: 0,
            flood: 0,
            hangs: false,
        }
    }
}

#[derive(Default)]
struct Book {
    script: Mutex<Script>,
    /// The nonce and the challenge of the last browser that came by, as a provider keeps them.
    asked: Mutex<(String, String)>,
    used: Mutex<HashSet<String>>,
    seen: Mutex<Vec<(String, String, String)>>,
}

/// An identity provider on the loopback; it is gone when this is dropped.
pub struct IdentityProvider {
    pub issuer: String,
    book: Arc<Book>,
    clock: Arc<ManualClock>,
    _serving: JoinSet<()>,
}

impl IdentityProvider {
    pub async fn start(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (book, clock) = (Arc::new(Book::default()), app.clock.clone());
        let mut serving = JoinSet::new();
        let shared = (book.clone(), clock.clone());
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (book, clock) = shared.clone();
                let service = service_fn(move |request| answer(address, book.clone(), clock.clone(), request));
                connections.spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { issuer: format!("http://{address}"), book, clock, _serving: serving }
    }

    /// What it does from now on.
    pub fn plays(&self, change: impl FnOnce(&mut Script)) {
        let mut script = Script::default();
        change(&mut script);
        *self.book.script.lock() = script;
    }

    /// Puts these claims over the usual ones.
    pub fn says(&self, claims: Value) {
        self.plays(|script| script.claims = claims);
    }

    /// What was asked of it: path, `Authorization`, body.
    pub fn seen(&self) -> Vec<(String, String, String)> {
        self.book.seen.lock().clone()
    }

    /// Connects it to the organization of `app.admin`.
    pub async fn connect(&self, app: &TestApp, more: Value) -> Value {
        let mut body = json!({"name": format!("Provider at {}", self.issuer), "issuer": self.issuer, "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET});
        merge(&mut body, &more);
        app.admin.post(PROVIDERS, body).await.ok()
    }

    /// A browser comes by: it is remembered what it asks for.
    pub fn visited(&self, attempt: &Attempt) {
        *self.book.asked.lock() = (attempt.parameter("nonce"), attempt.parameter("code_challenge"));
    }

    /// Somebody signs in with these claims; answers how that ended.
    pub async fn sign_in(&self, app: &TestApp, provider: &Value, claims: Value) -> Answer {
        self.says(claims);
        self.go_through(app, provider).await
    }

    /// Out and back as the script goes.
    pub async fn go_through(&self, app: &TestApp, provider: &Value) -> Answer {
        let attempt = Attempt::start(app, provider).await;
        self.visited(&attempt);
        attempt.come_back(app, &format!("code=code-{}", attempt.parameter("state"))).await
    }

    pub fn now(&self) -> i64 {
        keyward_domain::Clock::now(&*self.clock).as_second()
    }
}

/// A browser on its way.
pub struct Attempt {
    pub location: Url,
    /// `name=value` of its cookie.
    pub cookie: String,
    /// Where it comes back to.
    pub callback: String,
}

impl Attempt {
    pub async fn start(app: &TestApp, provider: &Value) -> Self {
        let path = format!("/v1/auth/sso/{}/start?return_to=/projects%3Fx%3D1", provider["id"].as_str().unwrap());
        let answer = app.nobody.get(&path).await;
        assert_eq!(answer.status, 302, "{}", answer.text());
        let redirect = Url::parse(provider["redirect_uri"].as_str().unwrap()).unwrap();
        Self {
            location: Url::parse(answer.header("location").unwrap()).unwrap(),
            cookie: cookies(&answer).remove(0),
            callback: redirect.path().to_owned(),
        }
    }

    /// A parameter that the provider was asked with.
    pub fn parameter(&self, name: &str) -> String {
        let found = self.location.query_pairs().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("{name} in {}", self.location)).1.into_owned()
    }

    /// The right browser comes back with the right state.
    pub async fn come_back(&self, app: &TestApp, query: &str) -> Answer {
        let query = format!("state={}&{query}", self.parameter("state"));
        callback(app, &self.callback, &query, Some(&self.cookie)).await
    }
}

/// A browser comes back, whichever it is.
pub async fn callback(app: &TestApp, path: &str, query: &str, cookie: Option<&str>) -> Answer {
    let mut asking = app.nobody.asking(Method::GET, &format!("{path}?{query}"));
    if let Some(cookie) = cookie {
        asking = asking.header("cookie", cookie);
    }
    asking.send().await
}

/// What an answer sets: `name=value` of each cookie that isn't taken back.
pub fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let set: Vec<_> = set.collect();
    for cookie in &set {
        assert!(
            cookie.starts_with("__Host-") && cookie.contains("; Path=/; ") && !cookie.contains("Domain"),
            "{cookie}"
        );
        assert!(cookie.contains("; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    let kept = set.into_iter().filter(|cookie| !cookie.contains("Max-Age=0;"));
    kept.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
}

/// The cookie of somebody who was signed in.
#[track_caller]
pub fn session(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.header("location")), (303, Some("/projects?x=1")), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut cookies = cookies(answer);
    assert_eq!(cookies.len(), 1, "the attempt's cookie is taken back: {:?}", answer.headers);
    cookies.remove(0)
}

/// Asks with a session.
pub async fn get(app: &TestApp, session: &str, path: &str) -> Answer {
    app.nobody.asking(Method::GET, path).header("cookie", session).send().await
}

fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

async fn answer(
    address: SocketAddr,
    book: Arc<Book>,
    clock: Arc<ManualClock>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let authorization = head.headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
    book.seen.lock().push((head.uri.path().to_owned(), authorization.clone(), body.clone()));
    let script = book.script.lock().clone();
    let base = format!("http://{address}");
    let (status, mut json) = match head.uri.path() {
        "/.well-known/openid-configuration" => (200, discovery(&base, &script)),
        "/keys" => (200, json!({"keys": [jwk(script.kid)]})),
        "/token" if script.hangs => std::future::pending().await,
        "/token" if script.flood > 0 => (200, json!("x".repeat(script.flood))),
        "/token" => token(&base, &book, &script, &body, keyward_domain::Clock::now(&*clock).as_second()),
        "/userinfo" if script.userinfo.is_null() => (403, json!({})),
        "/userinfo" if authorization == format!("Bearer {ACCESS_TOKEN}") => (200, script.userinfo.clone()),
        _ => (404, json!({})),
    };
    let mut response = Response::new(Full::new(Bytes::new()));
    if let Some(location) = script.discovery.get("redirect").and_then(Value::as_str)
        && head.uri.path().starts_with("/.well-known")
    {
        json = json!({});
        response.headers_mut().insert("location", location.parse().unwrap());
        *response.status_mut() = http::StatusCode::FOUND;
    } else {
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    }
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *response.body_mut() = Full::new(json.to_string().into());
    Ok(response)
}

fn discovery(base: &str, script: &Script) -> Value {
    let mut document = json!({
        "issuer": base, "authorization_endpoint": format!("{base}/authorize"), "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"), "userinfo_endpoint": format!("{base}/userinfo"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        // It may say what it likes: what is accepted is Keyward's to say.
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    });
    merge(&mut document, &script.discovery);
    document
}

fn jwk(kid: usize) -> Value {
    // RFC 8017's RSAPublicKey of 2048 bits: 9 bytes, the modulus, and 65537.
    let public = KEYS[kid].public_key().as_ref();
    assert_eq!((public.len(), &public[265..]), (270, &[2, 3, 1, 0, 1][..]));
    let modulus = BASE64.encode(&public[9..265]);
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": format!("key-{kid}"), "n": modulus, "e": "AQAB"})
}

fn token(base: &str, book: &Book, script: &Script, body: &str, now: i64) -> (u16, Value) {
    let form: std::collections::HashMap<String, String> =
        form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let (nonce, challenge) = book.asked.lock().clone();
    let proof = BASE64.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if proof != challenge || !book.used.lock().insert(form["code"].clone()) {
        return (400, json!({"error": "invalid_grant"}));
    }
    let mut claims = json!({
        "iss": base, "sub": "subject-1", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
        "email": "ada@example.com", "email_verified": true, "name": "Ada",
        "at_hash": BASE64.encode(&Sha256::digest(ACCESS_TOKEN)[..16]),
    });
    merge(&mut claims, &script.claims);
    let id_token = sign(script, &claims);
    (200, json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}))
}

fn sign(script: &Script, claims: &Value) -> String {
    let kid = format!("key-{}", script.kid);
    let header = match script.signed {
        Signed::Well | Signed::ByAnotherKey => json!({"alg": "RS256", "kid": kid}),
        Signed::Not => json!({"alg": "none"}),
        Signed::WithPublicKey | Signed::WithClientSecret => json!({"alg": "HS256", "kid": kid}),
    };
    let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let rsa = |key: &KeyPair| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        signature
    };
    let shared =
        |secret: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes()).as_ref().to_vec();
    let signature = match script.signed {
        Signed::Well => rsa(&KEYS[script.kid]),
        Signed::ByAnotherKey => rsa(&KEYS[1 - script.kid]),
        Signed::Not => Vec::new(),
        Signed::WithPublicKey => shared(KEYS[script.kid].public_key().as_ref()),
        Signed::WithClientSecret => shared(CLIENT_SECRET.as_bytes()),
    };
    format!("{text}.{}", BASE64.encode(signature))
}
