//! The way back: the browser brings a code, and the attempt in its cookie. The
//! code becomes an ID token, the token a person, the person a member who is
//! signed in.

use keyward_domain::{
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    audit::Outcome,
    id::OrganizationId,
    secret::Token,
    sso::{ReturnTo, SsoProvider},
};
use keyward_store::sso_provider as store;
use openidconnect::{OAuth2TokenResponse, core::CoreTokenResponse};
use serde_json::json;

use super::{
    admit::{Refused, admit},
    attempt::Attempt,
    client::{Asking, Fresh, SsoClient},
    exchange, grants,
    metadata::Metadata,
    start::enabled,
    token::{self, Disbelief, Vouched},
};
use crate::{
    Error, Keyward, Result,
    change::Event,
    session::{self, SignedIn, Welcome, newcomer},
    sign_in::note_success,
};

/// What a browser brings back.
pub struct Callback {
    /// The organization at whose address it arrives.
    pub organization: OrganizationId,
    /// The state that it was sent out with.
    pub state: Option<String>,
    /// What is exchanged for an ID token.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
    /// The attempt's cookie.
    pub cookie: Option<String>,
    /// The session that the browser has until now.
    pub previous: Option<Token>,
    /// Where the request comes from.
    pub origin: RequestOrigin,
}

/// Somebody who is signed in by single sign-on from now on.
pub struct SsoWelcome {
    /// Who, and their session.
    pub welcome: Welcome,
    /// Where they wanted to go.
    pub return_to: ReturnTo,
}

/// The general refusal; `why` holds nothing of a code or a token.
pub(super) fn failed(why: &str) -> Error {
    Error::Forbidden {
        code: "sso_failed",
        message: format!(
            "Signing in didn't work: {why}. Start again; if it stays so, show this to your administrator."
        ),
    }
}

fn mismatch() -> Error {
    Error::Forbidden {
        code: "sso_state_mismatch",
        message: "This answer doesn't belong to an attempt to sign in that this browser made in the last ten minutes. Start again, in one window and with cookies allowed.".into(),
    }
}

/// Ends an attempt: signs somebody in. The browser's session until now ends.
pub async fn finish(keyward: &Keyward, client: &SsoClient, callback: Callback) -> Result<SsoWelcome> {
    let now = keyward.now();
    let attempt = callback.cookie.as_deref().and_then(|cookie| Attempt::open(&keyward.vault, cookie, now));
    let attempt = attempt.filter(|attempt| callback.state.as_deref().is_some_and(|state| attempt.is_of(state)));
    let attempt = attempt.ok_or_else(mismatch)?;
    let sealed = enabled(keyward, attempt.provider).await?;
    let provider = &sealed.provider;
    // At another organization's address: the code is for that one's provider.
    if provider.organization != callback.organization {
        return Err(mismatch());
    }
    if provider.version != attempt.version {
        return Err(failed("the provider's settings were changed in the meantime"));
    }
    if callback.iss.as_deref().is_some_and(|issuer| issuer != provider.issuer.as_str()) {
        return Err(failed("the answer is from another identity provider (iss)"));
    }
    let line = client.line(provider.id);
    let asking = client.ask(provider, &line)?;
    let metadata = asking.metadata(now, Fresh::Enough).await?;
    if callback.iss.is_none() && metadata.additional_metadata().authorization_response_iss_parameter_supported {
        return Err(failed("the answer doesn't say which identity provider it is from (iss)"));
    }
    let code = code(&callback)?;
    let secret = keyward.unseal_client_secret(&sealed)?;
    let redirect_uri = keyward.sso_redirect_uri(provider.organization);
    let answer = exchange::redeem(&asking, &metadata, secret.as_ref(), &attempt, code, redirect_uri).await?;
    let vouched = match believe(keyward, &asking, &metadata, &attempt, &answer).await {
        Err(Error::Forbidden { code, message }) => {
            let refused = Noted { code, message, user: None };
            return Err(note(keyward, provider, &callback.origin, refused).await?);
        }
        other => other?,
    };
    drop(asking);
    let return_to = attempt.return_to;
    match sign_in(keyward, provider, &vouched, &callback).await? {
        Ok(welcome) => Ok(SsoWelcome { welcome, return_to }),
        Err(Refused { code, message, user }) => {
            let refused = Noted { code, message: message.into(), user };
            Err(note(keyward, provider, &callback.origin, refused).await?)
        }
    }
}

fn code(callback: &Callback) -> Result<String> {
    match (&callback.error, &callback.code) {
        (Some(error), _) if error == "access_denied" => Err(Error::Forbidden {
            code: "sso_denied",
            message: "The identity provider didn't let you in, or you called it off there. Start again, or ask your administrator for access.".into(),
        }),
        (Some(error), _) => {
            let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
            Err(failed(&format!("the identity provider says {error}")))
        }
        (None, Some(code)) => Ok(code.clone()),
        (None, None) => Err(failed("the identity provider sent neither a code nor a reason")),
    }
}

/// What the provider says of whom, verified. Keys that aren't known are asked
/// for once more: the provider may have new ones.
async fn believe(
    keyward: &Keyward,
    asking: &Asking<'_>,
    metadata: &Metadata,
    attempt: &Attempt,
    answer: &CoreTokenResponse,
) -> Result<Vouched> {
    let now = keyward.now();
    let verified = match token::verify(asking.provider, metadata, attempt, answer, now) {
        Err(Disbelief::UnknownKey) => {
            let anew = asking.metadata(now, Fresh::Now).await?;
            token::verify(asking.provider, &anew, attempt, answer, now)
        }
        other => other,
    };
    let mut vouched = verified.map_err(|disbelief| {
        failed(match disbelief {
            Disbelief::UnknownKey => "its ID token is signed with a key that the provider doesn't show",
            Disbelief::Wrong(why) => why,
        })
    })?;
    if exchange::is_missing_something(asking.provider, &vouched.claims) {
        let Vouched { subject, claims } = &mut vouched;
        exchange::complete(asking, metadata, answer.access_token(), subject, claims).await?;
    }
    Ok(vouched)
}

async fn sign_in(
    keyward: &Keyward,
    provider: &SsoProvider,
    vouched: &Vouched,
    callback: &Callback,
) -> Result<std::result::Result<Welcome, Refused>> {
    let mut change = keyward.record(&nobody(provider, &callback.origin)).await?;
    // As it is now, while nobody else changes anything.
    let present = store::find(&mut change.conn(), provider.organization, provider.id).await?;
    if present.is_none_or(|present| !present.enabled || present.version != provider.version) {
        return Err(failed("the provider's settings were changed in the meantime"));
    }
    let user = match admit(&mut change, provider, vouched).await? {
        Ok(user) => user,
        Err(refused) => return Ok(Err(refused)),
    };
    grants::bring_up_to_date(&mut change, provider, user.id, &vouched.claims).await?;
    if let Some(token) = &callback.previous {
        session::end_by_token(&mut change, token).await?;
    }
    let described = json!({ "method": "sso", "sso_provider_id": provider.id });
    let signed_in = SignedIn { user, organization: provider.organization, sso_provider: Some(provider.id) };
    let welcome = session::open(&mut change, signed_in).await?;
    note_success(&mut change, &welcome, &described).await?;
    change.commit().await?;
    Ok(Ok(welcome))
}

/// A refusal that is kept in the audit log: of somebody, or of a token, that the
/// provider itself sent. What anybody could bring about isn't, or it would fill
/// the database.
struct Noted {
    code: &'static str,
    message: String,
    user: Option<keyward_domain::organization::User>,
}

/// Writes a refusal down; answers it.
async fn note(keyward: &Keyward, provider: &SsoProvider, origin: &RequestOrigin, refused: Noted) -> Result<Error> {
    let Noted { code, message, user } = refused;
    let actor = match &user {
        Some(user) => newcomer(provider.organization, user, origin.clone()),
        None => nobody(provider, origin),
    };
    let mut change = keyward.record(&actor).await?;
    let described = json!({ "method": "sso", "sso_provider_id": provider.id, "reason": code, "message": message });
    let target = user.map_or_else(|| provider.id.to_string(), |user| user.id.to_string());
    change.audit(Event::on("login.failed", target, &(), &described).ended(Outcome::Failed)).await?;
    change.commit().await?;
    Ok(Error::Forbidden { code, message })
}

/// Somebody of whom nothing is known yet. They hold nothing.
fn nobody(provider: &SsoProvider, origin: &RequestOrigin) -> Actor {
    Actor {
        organization: provider.organization,
        identity: Identity::System,
        access: Access::default(),
        origin: origin.clone(),
    }
}
