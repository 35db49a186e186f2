//! Who looks at a page. A handler's signature says who may come in: [`Visit`]
//! is somebody signed in, [`Stranger`] anybody. Both refuse what another site
//! makes a browser send.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
};
use keyward_domain::{
    Timestamp,
    actor::{Actor, RequestOrigin},
    permission::Permission,
    role::Scope,
    secret::Token,
};
use keyward_service::{
    Error,
    account::{self, Account},
    session,
};
use keyward_web::{Attempt, Problem, cookie, origin};

use crate::{
    Console,
    problem_page::Refused,
    respond::is_for_dialog,
    toast::{self, Toast},
};

/// Somebody who is signed in, on one page.
pub struct Visit {
    /// Who acts.
    pub actor: Actor,
    /// Who they are, and where.
    pub account: Account,
    /// When.
    pub now: Timestamp,
    /// How they want pages to look.
    pub look: Look,
}

/// What a browser says about how a page is to be shown.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// `light`, `dark`, or empty: as the system has it.
    pub theme: &'static str,
    /// Whether only the inside of a dialog is wanted.
    pub in_dialog: bool,
    /// What was just done.
    pub toast: Option<Toast>,
    /// Where the page is.
    pub path: String,
    /// Whether the browser won't keep the cookie of a session: it came over
    /// plain HTTP, and not from the machine itself.
    pub keeps_no_cookie: bool,
}

/// The field of a form that says for whom it was made.
pub const BOUND_TO: &str = "bound_to";

/// What that field of a form says.
#[derive(Debug, Clone)]
pub struct BoundTo(pub String);

/// The cookie that keeps the theme. It is no secret.
const THEME: &str = "keyward-theme";
/// How long a theme is kept, in seconds.
const THEME_LASTS: i64 = 365 * 24 * 3600;

/// The header that keeps a theme; any other than `light` and `dark` is the
/// system's.
pub fn keep_theme(theme: &str) -> HeaderValue {
    match theme {
        "light" | "dark" => cookie::set(THEME, theme, THEME_LASTS),
        _ => cookie::set(THEME, "", 0),
    }
}

/// Whether a browser took the way to a page for a safe one, as far as it says.
/// Those of today send `Sec-Fetch-Site` over HTTPS and to the machine itself
/// only; with older ones the address tells.
fn is_safe_way(headers: &HeaderMap, public_url: &str) -> bool {
    if headers.contains_key("sec-fetch-site") {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    let is_here =
        name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1" || name.starts_with("[::1]");
    let is_ours = public_url.strip_prefix("https://").is_some_and(|ours| ours.split('/').next() == Some(host));
    is_here || is_ours
}

impl Look {
    fn read(parts: &Parts, console: &Console) -> Self {
        Self {
            theme: match cookie::named(&parts.headers, THEME) {
                Some("light") => "light",
                Some("dark") => "dark",
                _ => "",
            },
            in_dialog: is_for_dialog(&parts.headers),
            toast: toast::waiting(&parts.headers),
            path: parts.uri.path().to_owned(),
            keeps_no_cookie: !is_safe_way(&parts.headers, console.keyward.public_url()),
        }
    }
}

impl Visit {
    /// What a form of theirs says in [`BOUND_TO`]: who they are, and where. Sent
    /// by somebody else or from elsewhere it is refused: another window of theirs
    /// may have gone to another organization since.
    pub fn bound_to(&self) -> String {
        format!("{}.{}", self.account.organization.id, self.account.user.id)
    }

    /// Refuses a page that would lead to nothing but a refusal.
    pub fn require(&self, permission: Permission, scope: Scope) -> Result<(), Error> {
        Ok(self.actor.require(permission, scope)?)
    }

    /// Whether they may do this here. Pages leave out what they may not.
    pub fn may(&self, permission: Permission, scope: Scope) -> bool {
        self.actor.access.holds(permission, scope)
    }
}

impl Visit {
    /// What is told of a form that was made for somebody else, or elsewhere.
    fn elsewhere(&self) -> Problem {
        let Account { user, organization, .. } = &self.account;
        let message = format!(
            "You are {} in the organization {} by now: this form was opened as somebody else, or in another organization. Nothing was changed. Go back there first if it was meant for that, then send it again.",
            user.email, organization.name
        );
        Problem::new(StatusCode::CONFLICT, "form_of_elsewhere", message)
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Refused> {
        cookie::check_same_origin(&parts.method, &parts.headers)?;
        let signed_out = || Refused::SignedOut { back_to: back_to(parts) };
        let token = cookie::session_token(&parts.headers).ok_or_else(signed_out)?;
        let actor = match session::authenticate(&console.keyward, &token, origin(parts)).await {
            Err(Error::SignedOut) => return Err(signed_out()),
            other => other.map_err(Problem::from)?,
        };
        Attempt::note(parts, &actor);
        let account = account::find(&console.keyward, &actor).await.map_err(Problem::from)?;
        let visit = Self { actor, account, now: console.keyward.now(), look: Look::read(parts, console) };
        match parts.extensions.get() {
            Some(BoundTo(bound_to)) if *bound_to != visit.bound_to() => Err(visit.elsewhere().into()),
            _ => Ok(visit),
        }
    }
}

/// Where to go once they are signed in: the page that was wanted, if looking at
/// it changes nothing.
fn back_to(parts: &Parts) -> Option<String> {
    let path = parts.uri.path_and_query().map(|path| path.as_str())?;
    (parts.method == Method::GET && path != "/").then(|| path.to_owned())
}

/// Anybody: where they come from, and the session that their browser brings.
pub struct Stranger {
    /// Where the request came from.
    pub origin: RequestOrigin,
    /// The session that is there already.
    pub session: Option<Token>,
    /// How pages are to look.
    pub look: Look,
}

impl FromRequestParts<Console> for Stranger {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Refused> {
        cookie::check_same_origin(&parts.method, &parts.headers)?;
        let session = cookie::session_token(&parts.headers);
        Ok(Self { origin: origin(parts), session, look: Look::read(parts, console) })
    }
}

/// Whether a request is of somebody who looks at pages, rather than a program's.
pub fn is_of_a_person(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate") || headers.contains_key("hx-request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_cookie_is_kept_it_is_known() {
        let is_safe = |pairs: &[(&'static str, &str)]| {
            let headers =
                pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
            is_safe_way(&headers, "https://keyward.example:8443/inner")
        };
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "demo.localhost", "keyward.example:8443"] {
            assert!(is_safe(&[("host", host)]), "{host}");
        }
        for host in ["10.0.0.5:8080", "keyward.example", "localhost.example", "127.0.0.1.example:80", ""] {
            assert!(!is_safe(&[("host", host)]), "{host}");
            assert!(is_safe(&[("host", host), ("sec-fetch-site", "none")]), "{host}");
        }
    }
}
