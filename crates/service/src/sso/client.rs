//! Asking identity providers: through a port that the binary fills with
//! Keyward's own HTTP client, so that address guard, TLS roots, time limits and
//! the largest answer are the same as for any other call. What a provider says
//! of itself is kept for minutes; a few people at once may sign in by each, so
//! that one that hangs holds up nobody else.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    id::SsoProviderId,
    sso::{Issuer, SsoProvider},
};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::metadata::{self, Metadata};

/// How long what a provider says of itself is believed.
const BELIEVED: SignedDuration = SignedDuration::from_mins(5);
/// How long a provider isn't asked again that didn't answer well.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How many ask one provider at once.
const AT_ONCE: usize = 32;
/// How many providers are remembered.
const REMEMBERED: usize = 1024;

/// A provider's answer, or why there is none.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, IdentityProviderError>> + Send + 'a>>;

/// Sends one request to an identity provider. Whoever fills it limits the time
/// and the answer's size, and follows no redirect.
pub trait Transport: Send + Sync {
    /// Sends it and reads the whole answer.
    fn fetch(&self, request: HttpRequest) -> Fetched<'_>;
}

/// Why an identity provider isn't of use at the moment. No part of a secret, a
/// code or a token is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProviderError {
    /// It can't be reached; says why.
    #[error("The identity provider can't be reached: {0}. Check its issuer, and try again.")]
    Unreachable(String),
    /// Its address may not be connected to; says which and why.
    #[error("The identity provider's address isn't allowed: {0}.")]
    Blocked(String),
    /// It took too long.
    #[error("The identity provider didn't answer in time. Try again.")]
    TimedOut,
    /// It answered with something else; says what.
    #[error("The identity provider's answer can't be used: {0}.")]
    NotUnderstood(String),
    /// Too many people sign in by it just now.
    #[error("Too many people are signing in by this identity provider just now. Try again in a few seconds.")]
    Busy,
}

/// What is known of identity providers, and the way to them.
pub struct SsoClient {
    transport: Arc<dyn Transport>,
    /// For providers on the operator's own machines.
    allow_http: bool,
    providers: parking_lot::Mutex<HashMap<SsoProviderId, Arc<Known>>>,
}

struct Known {
    at_once: Semaphore,
    said: Mutex<Option<Said>>,
}

struct Said {
    issuer: Issuer,
    at: Timestamp,
    what: Result<Arc<Metadata>, IdentityProviderError>,
}

impl Said {
    fn is_fresh(&self, issuer: &Issuer, now: Timestamp) -> bool {
        let lasts = if self.what.is_ok() { BELIEVED } else { PAUSE };
        self.issuer == *issuer && now.duration_since(self.at) < lasts
    }
}

impl SsoClient {
    /// A client that has asked nobody yet. `allow_http`: a provider may stand
    /// at an address without TLS.
    pub fn new(transport: Arc<dyn Transport>, allow_http: bool) -> Self {
        Self { transport, allow_http, providers: parking_lot::Mutex::default() }
    }

    /// Whether issuers without TLS are taken.
    pub const fn allows_http(&self) -> bool {
        self.allow_http
    }

    /// Stands in line to ask a provider; all that is asked is asked through the
    /// answer.
    pub(super) fn ask<'a>(
        &'a self,
        provider: &'a SsoProvider,
        known: &'a Line,
    ) -> Result<Asking<'a>, IdentityProviderError> {
        let permit = known.0.at_once.try_acquire().map_err(|_| IdentityProviderError::Busy)?;
        Ok(Asking { client: self, provider, known: &known.0, _permit: permit })
    }

    /// The line in which to stand.
    pub(super) fn line(&self, provider: SsoProviderId) -> Line {
        let mut providers = self.providers.lock();
        if providers.len() >= REMEMBERED && !providers.contains_key(&provider) {
            providers.clear();
        }
        let new = || Arc::new(Known { at_once: Semaphore::new(AT_ONCE), said: Mutex::default() });
        Line(providers.entry(provider).or_insert_with(new).clone())
    }
}

/// A provider's line.
pub(super) struct Line(Arc<Known>);

/// Somebody who may ask a provider now.
pub(super) struct Asking<'a> {
    client: &'a SsoClient,
    pub provider: &'a SsoProvider,
    known: &'a Known,
    _permit: SemaphorePermit<'a>,
}

/// How new the answer must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// A few minutes old will do.
    Enough,
    /// Of this moment.
    Now,
}

impl Asking<'_> {
    /// What the provider says of itself, its keys included. Many who want to
    /// know at once ask once.
    pub async fn metadata(&self, now: Timestamp, fresh: Fresh) -> Result<Arc<Metadata>, IdentityProviderError> {
        let mut said = self.known.said.lock().await;
        if let Some(said) = &*said
            && fresh == Fresh::Enough
            && said.is_fresh(&self.provider.issuer, now)
        {
            return said.what.clone();
        }
        let what = metadata::discover(self, &self.provider.issuer).await.map(Arc::new);
        *said = Some(Said { issuer: self.provider.issuer.clone(), at: now, what: what.clone() });
        what
    }

    /// Sends a request, over TLS unless the operator allows otherwise.
    pub fn fetch(&self, request: HttpRequest) -> Fetched<'_> {
        let scheme = request.uri().scheme_str();
        if scheme == Some("https") || (scheme == Some("http") && self.client.allow_http) {
            return self.client.transport.fetch(request);
        }
        let host = request.uri().host().unwrap_or_default().to_owned();
        let why = format!("an address at {host:?} doesn't start with https://");
        Box::pin(std::future::ready(Err(IdentityProviderError::Blocked(why))))
    }

    /// Whether a browser may be sent there.
    pub fn may_send_to(&self, url: &url::Url) -> bool {
        url.scheme() == "https" || (url.scheme() == "http" && self.client.allow_http)
    }
}

impl<'c> AsyncHttpClient<'c> for Asking<'_> {
    type Error = IdentityProviderError;
    type Future = Fetched<'c>;

    fn call(&'c self, request: HttpRequest) -> Fetched<'c> {
        self.fetch(request)
    }
}
