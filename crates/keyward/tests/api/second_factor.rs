//! `/v1/account/second_factor`: set up, asked for, used once, lost, removed.

use futures_util::future::join_all;
use http::Method;
use keyward_domain::{Clock, clock::from_millis, second_factor::TotpSecret};
use keyward_testkit::{Actor, Answer, PASSWORD, TestApp};
use serde_json::{Value, json};

use crate::{
    sign_in::SIGN_IN,
    support::{events, id},
};

keyward_testkit::on_both_databases!(
    a_confirmed_second_factor_is_asked_for,
    no_code_is_used_twice_not_even_at_once,
    a_recovery_code_opens_once_and_new_ones_end_the_old,
    only_who_knows_the_password_changes_anything,
    wrong_codes_are_throttled,
    an_administrator_who_may_do_as_much_removes_it,
);

const FACTOR: &str = "/v1/account/second_factor";
const FIRST: &str = "first@example.com";

/// What an authenticator app does.
pub struct App(TotpSecret);

impl App {
    pub fn new(base32: &str) -> Self {
        let digit = |c: char| u8::try_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()).unwrap();
        let bits: String = base32.chars().map(|c| format!("{:05b}", digit(c))).collect();
        let bytes: Vec<u8> = bits
            .as_bytes()
            .chunks(8)
            .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
            .collect();
        Self(TotpSecret::from_hex(&keyward_domain::hex::to_hex(&bytes)).unwrap())
    }

    /// The code that it shows now, or so many seconds later.
    pub fn code(&self, app: &TestApp, seconds: i64) -> String {
        let now = app.clock.now().as_millisecond() + seconds * 1000;
        self.0.code_at(from_millis(now)).to_string()
    }
}

/// Sets a second factor up; answers the app and the recovery codes.
async fn set_up(app: &TestApp, person: &Actor) -> (App, Vec<String>) {
    let answer = person.post(FACTOR, json!({"password": PASSWORD})).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let started = answer.ok();
    let secret = started["secret"].as_str().unwrap();
    assert!(started["otpauth_uri"].as_str().unwrap().starts_with("otpauth://totp/Keyward:"));
    assert!(started["otpauth_uri"].as_str().unwrap().contains(&format!("secret={secret}&issuer=Keyward")));
    let phone = App::new(secret);
    let answer = person.post(&format!("{FACTOR}/confirm"), json!({"code": phone.code(app, 0)})).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    (phone, codes(&answer.ok()))
}

fn codes(answer: &Value) -> Vec<String> {
    answer["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

async fn sign_in(app: &TestApp, password: &str, code: Option<&str>) -> Answer {
    let body = json!({"email": FIRST, "password": password, "code": code});
    app.nobody.with_browser().post(SIGN_IN, body).await
}

async fn a_confirmed_second_factor_is_asked_for(app: &TestApp) {
    let person = app.person(FIRST).await;
    let started = person.post(FACTOR, json!({"password": PASSWORD})).await.ok();
    assert_eq!(started["object"], "account.second_factor");
    // Begun isn't confirmed.
    sign_in(app, PASSWORD, None).await.ok();
    let first = App::new(started["secret"].as_str().unwrap());
    for wrong in ["000000", "12345", "", "abcd-0123-wxyz", &first.code(app, 90), &first.code(app, -90)] {
        let refused = person.post(&format!("{FACTOR}/confirm"), json!({"code": wrong})).await;
        refused.assert_error(400, "invalid_second_factor", "code");
    }
    // Beginning again takes another secret.
    let (phone, recovery) = set_up(app, &person).await;
    assert_ne!(phone.code(app, 0), first.code(app, 0));
    assert_eq!(recovery.len(), 10);
    for again in [(FACTOR, json!({"password": PASSWORD})), (&*format!("{FACTOR}/confirm"), json!({"code": "000000"}))] {
        person.post(again.0, again.1).await.assert_error(409, "second_factor_exists", None);
    }
    let factor = &person.get("/v1/account").await.ok()["second_factor"];
    assert_eq!(*factor, json!({"enabled": true, "recovery_codes_left": 10}));

    sign_in(app, PASSWORD, None).await.assert_error(401, "second_factor_required", None);
    // The code that confirmed it was used; the next one may come early.
    sign_in(app, PASSWORD, Some(&phone.code(app, 0))).await.assert_error(401, "invalid_second_factor", None);
    sign_in(app, PASSWORD, Some(&phone.code(app, 60))).await.assert_error(401, "invalid_second_factor", None);
    // Without the password nobody learns that there is one.
    sign_in(app, "wrong password", Some(&phone.code(app, 30))).await.assert_error(401, "invalid_credentials", None);
    let code = phone.code(app, 30);
    sign_in(app, PASSWORD, Some(&format!("{} {}", &code[..3], &code[3..]))).await.ok();
    let events = events(app, "login.succeeded").await;
    assert_eq!(events[0]["after"], json!({"method": "password", "second_factor": "totp"}));
}

async fn no_code_is_used_twice_not_even_at_once(app: &TestApp) {
    let person = app.person(FIRST).await;
    let (phone, recovery) = set_up(app, &person).await;
    app.clock.advance(30);
    for code in [phone.code(app, 0), recovery[0].clone()] {
        let answers = join_all((0..4).map(|_| sign_in(app, PASSWORD, Some(&code)))).await;
        let opened = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(opened, 1, "{code} opened {opened} times");
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            refused.assert_error(401, "invalid_second_factor", None);
        }
        app.clock.advance(1000);
    }
    assert_eq!(person.get("/v1/account").await.ok()["second_factor"]["recovery_codes_left"], 9);
}

async fn a_recovery_code_opens_once_and_new_ones_end_the_old(app: &TestApp) {
    let person = app.person(FIRST).await;
    let (_, old) = set_up(app, &person).await;
    sign_in(app, PASSWORD, Some(&old[3].to_uppercase())).await.ok();
    assert_eq!(events(app, "login.succeeded").await[0]["after"]["second_factor"], "recovery_code");
    sign_in(app, PASSWORD, Some(&old[3])).await.assert_error(401, "invalid_second_factor", None);
    let renew = person.post(&format!("{FACTOR}/recovery_codes"), json!({"password": PASSWORD})).await;
    let new = codes(&renew.ok());
    assert!(new.len() == 10 && new.iter().all(|code| !old.contains(code)));
    sign_in(app, PASSWORD, Some(&old[4])).await.assert_error(401, "invalid_second_factor", None);
    sign_in(app, PASSWORD, Some(&new[9].replace('-', ""))).await.ok();
    // Another user's codes are no codes.
    let second = app.person("second@example.com").await;
    let (_, theirs) = set_up(app, &second).await;
    sign_in(app, PASSWORD, Some(&theirs[0])).await.assert_error(401, "invalid_second_factor", None);
}

async fn only_who_knows_the_password_changes_anything(app: &TestApp) {
    let person = app.person(FIRST).await;
    let delete =
        async |password: &str| person.asking(Method::DELETE, FACTOR).json(&json!({"password": password})).send().await;
    let renew = format!("{FACTOR}/recovery_codes");
    delete(PASSWORD).await.assert_error(404, "not_found", None);
    person.post(&renew, json!({"password": PASSWORD})).await.assert_error(404, "not_found", None);
    person.post(&format!("{FACTOR}/confirm"), json!({"code": "000000"})).await.assert_error(404, "not_found", None);
    let (_, codes) = set_up(app, &person).await;
    delete("a wrong password").await.assert_error(403, "wrong_password", None);
    person.post(FACTOR, json!({"password": ""})).await.assert_error(403, "wrong_password", None);
    person.post(&renew, json!({"password": "wrong"})).await.assert_error(403, "wrong_password", None);
    sign_in(app, PASSWORD, None).await.assert_error(401, "second_factor_required", None);

    assert_eq!(delete(PASSWORD).await.ok(), json!({"object": "account.second_factor.deleted", "deleted": true}));
    sign_in(app, PASSWORD, None).await.ok();
    let changes: Vec<_> = events(app, "user.updated").await.iter().map(|event| event["after"].clone()).collect();
    assert_eq!(changes, [json!({"second_factor": "off"}), json!({"second_factor": "on"})]);
    let factor = &person.get("/v1/account").await.ok()["second_factor"];
    assert_eq!(*factor, json!({"enabled": false, "recovery_codes_left": 0}));
    set_up(app, &person).await;
    sign_in(app, PASSWORD, Some(&codes[0])).await.assert_error(401, "invalid_second_factor", None);
}

async fn wrong_codes_are_throttled(app: &TestApp) {
    let person = app.person(FIRST).await;
    let (phone, _) = set_up(app, &person).await;
    for _ in 0..5 {
        sign_in(app, PASSWORD, Some("000000")).await.assert_error(401, "invalid_second_factor", None);
        // Asking what is needed makes up for nothing.
        let asked = sign_in(app, PASSWORD, None).await;
        assert!(matches!(asked.status, 401 | 429), "{}", asked.text());
    }
    sign_in(app, PASSWORD, Some(&phone.code(app, 30))).await.assert_error(429, "too_many_attempts", None);
    app.clock.advance(30);
    sign_in(app, PASSWORD, Some(&phone.code(app, 0))).await.ok();
    keyward_service::aggregate::write(&app.server.keyward, true).await.unwrap();
    assert_eq!(events(app, "login.failed").await[0]["after"]["reason"], "wrong_second_factor");
}

async fn an_administrator_who_may_do_as_much_removes_it(app: &TestApp) {
    let person = app.person(FIRST).await;
    let user = id(&person.get("/v1/account").await.ok()["user"]);
    let path = format!("/v1/organization/users/{user}/second_factor");
    app.admin.delete(&path).await.assert_error(404, "not_found", None);
    set_up(app, &person).await;
    app.stranger.delete(&path).await.assert_error(404, "not_found", None);
    app.admin.delete("/v1/organization/users/x/second_factor").await.assert_error(404, "not_found", None);

    // A member of two organizations is protected from either.
    let third = app.organization("Third", FIRST).await;
    for admin in [&app.admin, &third] {
        admin.delete(&path).await.assert_error(409, "member_elsewhere", None);
    }
    sign_in(app, PASSWORD, None).await.assert_error(401, "second_factor_required", None);
    app.execute(
        "DELETE FROM organization_members WHERE organization_id = (SELECT id FROM organizations WHERE name = 'Third')",
    )
    .await;
    let gone = app.admin.delete(&path).await.ok();
    assert_eq!(gone, json!({"object": "organization.user.second_factor.deleted", "user_id": user, "deleted": true}));
    sign_in(app, PASSWORD, None).await.ok();
    assert_eq!(events(app, "user.updated").await[0]["targets"], json!([user]));
}
