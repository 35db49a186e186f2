//! `/account/second-factor`: set up by a picture or a text, asked for, lost,
//! removed.

use keyward_domain::{Clock, clock::from_millis, hex::to_hex, second_factor::TotpSecret};
use keyward_testkit::{Actor, PASSWORD, TestApp};

use crate::support::{between, leads_to, refused, send, shown};

const FACTOR: &str = "/account/second-factor";
const FIRST: &str = "first@example.com";
const PROOF: [(&str, &str); 1] = [("password", PASSWORD)];

/// What an authenticator app does.
pub struct App(TotpSecret);

impl App {
    fn new(base32: &str) -> Self {
        let digit = |c: char| u8::try_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()).unwrap();
        let bits: Vec<u8> = base32.chars().flat_map(|c| (0..5).rev().map(move |bit| digit(c) >> bit & 1)).collect();
        let bytes: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect();
        Self(TotpSecret::from_hex(&to_hex(&bytes)).unwrap())
    }

    /// The code that it shows so many seconds from now.
    pub fn code(&self, app: &TestApp, seconds: i64) -> String {
        self.0.code_at(from_millis(app.clock.now().as_millisecond() + seconds * 1000)).to_string()
    }
}

/// Sets a second factor up; answers the app.
pub async fn turn_on(app: &TestApp, person: &Actor) -> App {
    let page = shown(&send(person, FACTOR, &PROOF).await);
    let phone = App::new(between(&page, "<code id=\"secret\">", "</code>"));
    shown(&send(person, &format!("{FACTOR}/confirm"), &[("code", &phone.code(app, 0))]).await);
    phone
}

fn codes(page: &str) -> Vec<String> {
    between(page, "aria-label=\"Recovery codes\">", "</pre>").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_removed() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    assert!(shown(&person.get(FACTOR).await).contains("name=\"password\""));
    refused(&send(&person, FACTOR, &[("password", "wrong")]).await, 403, &["id=\"password-error\""]);
    let answer = send(&person, FACTOR, &PROOF).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let page = shown(&answer);
    assert!(page.contains("<svg class=\"qr-code\"") && !page.contains(PASSWORD), "{page}");
    let secret = between(&page, "<code id=\"secret\">", "</code>").to_owned();
    let phone = App::new(&secret);
    let confirm = format!("{FACTOR}/confirm");
    let wrong = send(&person, &confirm, &[("code", "000000")]).await;
    refused(&wrong, 400, &["id=\"code-error\"", "Start Again"]);
    assert!(!wrong.text().contains(&secret), "the secret is shown once");
    assert!(shown(&person.get(&confirm).await).contains("name=\"code\""));
    let page = shown(&send(&person, &confirm, &[("code", &phone.code(&app, 0))]).await);
    let first = codes(&page);
    assert_eq!(first.len(), 10);
    assert!(page.contains("download=\"keyward-recovery-codes.txt\"") && page.contains("data-unsaved"));
    assert!(shown(&person.get("/account").await).contains("You have 10 recovery codes left"));

    let browser = app.nobody.with_browser();
    let fields = [("email", FIRST), ("password", PASSWORD), ("code", &*first[0])];
    refused(&send(&browser, "/login", &fields[..2]).await, 401, &["Your password is right", "name=\"code\""]);
    assert_eq!(send(&browser, "/login", &fields).await.status, 303);
    assert!(shown(&person.get("/account").await).contains("You have 9 recovery codes left"));

    refused(&send(&person, &format!("{FACTOR}/recovery-codes"), &[]).await, 403, &["id=\"password-error\""]);
    let second = codes(&shown(&send(&person, &format!("{FACTOR}/recovery-codes"), &PROOF).await));
    assert!(second.len() == 10 && !second.contains(&first[1]));

    assert!(shown(&person.get(&format!("{FACTOR}/remove")).await).contains("Remove the second factor?"));
    refused(&send(&person, &format!("{FACTOR}/remove"), &[("password", "x")]).await, 403, &["id=\"password-error\""]);
    assert_eq!(leads_to(&send(&person, &format!("{FACTOR}/remove"), &PROOF).await), "/account");
    assert_eq!(send(&app.nobody.with_browser(), "/login", &fields[..2]).await.status, 303);
    app.finish().await;
}
