//! Signing in, seen from behind: what is kept, what another node knows, what a
//! shutdown writes.
#![cfg(test)]

mod support;

use keyward_domain::{
    actor::{Actor, RequestOrigin},
    hex,
    organization::Email,
    password::Password,
    second_factor::TotpSecret,
};
use keyward_service::{
    Error, Keyward, aggregate,
    organization::{self, CreateOrganization, CreatedOrganization},
    second_factor,
    session::{self, Welcome},
    sign_in::{self, SignIn},
};
use serde_json::json;
use support::{House, contains, name};
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "correct horse battery";

async fn acme(keyward: &Keyward) -> CreatedOrganization {
    let command = CreateOrganization {
        name: name("Acme"),
        owner_email: Email::parse("email", "ada@example.com").unwrap(),
        password: Password::parse("password", PASSWORD).unwrap(),
    };
    organization::create(keyward, command).await.unwrap()
}

fn with(password: &str, code: Option<&str>) -> SignIn {
    SignIn {
        email: "ada@example.com".into(),
        password: Password::presented(password.into()),
        code: code.map(Into::into),
        replaces: None,
    }
}

async fn come_in(keyward: &Keyward, password: &str) -> Result<Welcome, Error> {
    sign_in::sign_in(keyward, RequestOrigin::default(), with(password, None)).await
}

async fn actor(keyward: &Keyward, welcome: &Welcome) -> Result<Actor, Error> {
    session::authenticate(keyward, &welcome.token, RequestOrigin::default()).await
}

/// Type and details of the events behind the first three, which make Acme.
async fn events(house: &House, made: &CreatedOrganization) -> Vec<(String, serde_json::Value)> {
    let mut connection = house.pool.read().await.unwrap();
    let rows = keyward_store::audit::rows(&mut connection.conn(), made.organization.id, 3, 100).await.unwrap();
    let event = |text: &str| serde_json::from_str::<keyward_domain::audit::AuditEvent>(text).unwrap();
    rows.iter().map(|row| event(&row.event)).map(|event| (event.event_type, event.after)).collect()
}

#[tokio::test]
async fn another_node_knows_a_session_and_its_end_at_once() {
    let house = House::new().await;
    acme(&house.keyward).await;
    let neighbour = house.neighbour().await;
    let welcome = come_in(&house.keyward, PASSWORD).await.unwrap();
    let there = actor(&neighbour, &welcome).await.unwrap();
    assert_eq!(there.user(), Some(welcome.user.id));
    session::sign_out(&neighbour, &welcome.token, RequestOrigin::default()).await.unwrap();
    let here = actor(&house.keyward, &welcome).await;
    assert!(matches!(here, Err(Error::SignedOut)), "{here:?}");
}

#[tokio::test]
async fn what_was_only_noted_is_written_at_the_shutdown() {
    let house = House::new().await;
    let made = acme(&house.keyward).await;
    for _ in 0..3 {
        come_in(&house.keyward, "wrong").await.unwrap_err();
    }
    assert_eq!(events(&house, &made).await, []);
    let stop = CancellationToken::new();
    stop.cancel();
    aggregate::keep_writing(house.keyward.clone(), stop).await;
    let at = house.keyward.now().as_second();
    let details = json!({ "reason": "wrong_password", "count": 3, "since": at, "until": at });
    assert_eq!(events(&house, &made).await, [("login.failed".to_owned(), details)]);
    aggregate::write(&house.keyward, true).await.unwrap();
    assert_eq!(events(&house, &made).await.len(), 1);
}

#[tokio::test]
async fn no_password_cookie_secret_or_code_is_kept_as_it_is() {
    let house = House::new().await;
    acme(&house.keyward).await;
    let welcome = come_in(&house.keyward, PASSWORD).await.unwrap();
    let ada = actor(&house.keyward, &welcome).await.unwrap();
    let shown = Password::presented(PASSWORD.into());
    let started = second_factor::start(&house.keyward, &ada, shown).await.unwrap();
    let code = code(&house, &started.secret);
    let codes = second_factor::confirm(&house.keyward, &ada, &code).await.unwrap();
    let bytes = house.database_bytes();
    let codes: Vec<_> = codes.iter().flat_map(|code| [code.shown(), code.shown().replace('-', "")]).collect();
    let secrets = [PASSWORD, welcome.token.expose(), &started.secret, &*of_base32(&started.secret).to_hex()];
    for secret in secrets.into_iter().chain(codes.iter().map(String::as_str)) {
        assert!(!contains(&bytes, secret), "{secret}");
        assert!(!format!("{welcome:?} {ada:?}").contains(secret));
    }
    assert!(contains(&bytes, "$argon2id$"));
}

/// The secret that an authenticator app reads.
fn of_base32(text: &str) -> TotpSecret {
    let digit = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
    let bits: String = text.chars().map(|c| format!("{:05b}", digit(c))).collect();
    let byte = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
    TotpSecret::from_hex(&hex::to_hex(&(0..20).map(byte).collect::<Vec<_>>())).unwrap()
}

fn code(house: &House, secret: &str) -> String {
    of_base32(secret).code_at(house.keyward.now()).to_string()
}
