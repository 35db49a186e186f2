//! Somebody who is signed in and looks at pages.

use crate::http1;
use crate::keyward::{EMAIL, PASSWORD};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with the cookie of a session.
pub struct Visitor {
    address: SocketAddr,
    headers: String,
}

/// What came back.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Where it leads, if it is no page itself.
    pub leads_to: Option<String>,
    /// Whether it is HTML.
    pub is_page: bool,
    /// Its body.
    pub text: String,
    /// From connecting to its last byte.
    pub millis: f64,
}

impl Visitor {
    /// The organization's owner signs in.
    pub fn sign_in(address: SocketAddr) -> Result<Self> {
        let headers = "sec-fetch-site: same-origin\r\ncontent-type: application/json\r\n";
        let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
        let (head, body) = http1::send(address, ("POST", "/v1/auth/sign_in"), headers, &body, PATIENCE)?;
        ensure!(head.status() == 200, "signing in answered {}: {}", head.status(), String::from_utf8_lossy(&body));
        let cookie = head.header("set-cookie").context("signing in sets no cookie")?;
        let pair = cookie.split(';').next().unwrap_or_default();
        Ok(Self { address, headers: format!("sec-fetch-site: same-origin\r\ncookie: {pair}\r\n") })
    }

    /// Asks for a page.
    pub fn ask(&self, path: &str) -> Result<Answer> {
        let begun = Instant::now();
        let (head, body) = http1::send(self.address, ("GET", path), &self.headers, "", PATIENCE)
            .with_context(|| format!("GET {path}"))?;
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        let is_page = head.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let leads_to = head.header("location").filter(|_| head.status() == 303);
        Ok(Answer { status: head.status(), leads_to, is_page, text: String::from_utf8(body)?, millis })
    }
}
