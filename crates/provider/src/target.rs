//! Where a credential's calls go and what they show there: made once when a
//! credential is read or changed, used by every call.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use keyward_domain::provider::{Authentication, Dialect, Provider};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    headers::{self, ANTHROPIC_VERSION, DEFAULT_ANTHROPIC_VERSION},
    http::{Endpoint, EndpointError, Headers},
};

/// A provider, its address and Keyward's secret there. Cheap to clone; its
/// `Debug` output never shows the secret.
#[derive(Debug, Clone)]
pub struct Target {
    provider: Provider,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    /// Answered within this process.
    Demo,
    Network(Arc<Network>),
}

/// A provider across the network.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) endpoint: Endpoint,
    /// Marked sensitive.
    authentication: Option<(HeaderName, HeaderValue)>,
}

/// Why a credential can't be called with.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// This provider has no usual address and the credential none of its own.
    #[error("a credential of {0} needs a base URL")]
    NoBaseUrl(Provider),
    /// The base URL can't be used.
    #[error("the base URL can't be used: {0}")]
    BaseUrl(#[from] EndpointError),
    /// The secret has characters that no header can carry.
    #[error("the secret has characters that can't be sent")]
    Secret,
}

impl Target {
    /// Prepares calls. `base_url` is the one in effect (the credential's own,
    /// else the provider's usual one); `demo` needs none and ignores the secret.
    pub fn new(provider: Provider, base_url: Option<&str>, secret: Option<&SecretString>) -> Result<Self, TargetError> {
        if provider == Provider::Demo {
            return Ok(Self { provider, way: Way::Demo });
        }
        let base_url = base_url.ok_or(TargetError::NoBaseUrl(provider))?;
        let endpoint = Endpoint::parse(base_url)?;
        let authentication = secret.map(|secret| authentication(provider, secret)).transpose()?;
        Ok(Self { provider, way: Way::Network(Arc::new(Network { endpoint, authentication })) })
    }

    /// Who is called.
    pub const fn provider(&self) -> Provider {
        self.provider
    }

    /// The network side; `None` for the built-in provider.
    pub(crate) fn network(&self) -> Option<&Network> {
        match &self.way {
            Way::Demo => None,
            Way::Network(network) => Some(network),
        }
    }

    /// The headers of a call: the caller's that may pass, and Keyward's own.
    pub(crate) const fn headers<'a>(&'a self, caller: &'a HeaderMap, dialect: Dialect) -> CallHeaders<'a> {
        CallHeaders { target: self, caller, dialect }
    }
}

/// The headers of one call to a [`Target`].
pub(crate) struct CallHeaders<'a> {
    target: &'a Target,
    caller: &'a HeaderMap,
    dialect: Dialect,
}

impl Headers for CallHeaders<'_> {
    fn each(&self, put: &mut dyn FnMut(&HeaderName, &HeaderValue)) {
        let mut names_version = false;
        for (name, value) in headers::to_provider(self.caller) {
            names_version |= *name == ANTHROPIC_VERSION;
            put(name, value);
        }
        // No name of a secret passes from the caller.
        if let Some((name, value)) = self.target.network().and_then(|network| network.authentication.as_ref()) {
            put(name, value);
        }
        if self.dialect == Dialect::Anthropic && !names_version {
            put(&ANTHROPIC_VERSION, &DEFAULT_ANTHROPIC_VERSION);
        }
    }
}

fn authentication(provider: Provider, secret: &SecretString) -> Result<(HeaderName, HeaderValue), TargetError> {
    let secret = secret.expose_secret();
    let (name, value) = match provider.authentication() {
        Authentication::Bearer => (header::AUTHORIZATION, HeaderValue::try_from(format!("Bearer {secret}"))),
        Authentication::Header(name) => (HeaderName::from_static(name), HeaderValue::from_str(secret)),
    };
    let mut value = value.map_err(|_| TargetError::Secret)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(target: &Target, caller: &HeaderMap, dialect: Dialect) -> HeaderMap {
        let mut sent = HeaderMap::new();
        target.headers(caller, dialect).each(&mut |name, value| {
            sent.append(name, value.clone());
        });
        sent
    }

    fn target(provider: Provider) -> Target {
        let base_url = provider.default_base_url().or(Some("https://llm.example/v1"));
        Target::new(provider, base_url, Some(&"sk-very-secret".into())).unwrap()
    }

    #[test]
    fn every_provider_gets_its_secret_its_own_way() {
        for (provider, name, value) in [
            (Provider::OpenAi, "authorization", "Bearer sk-very-secret"),
            (Provider::Groq, "authorization", "Bearer sk-very-secret"),
            (Provider::Anthropic, "x-api-key", "sk-very-secret"),
            (Provider::AzureOpenAi, "api-key", "sk-very-secret"),
        ] {
            let mut caller = HeaderMap::new();
            caller.insert("authorization", HeaderValue::from_static("Bearer sk-project-of-the-caller"));
            caller.insert("x-api-key", HeaderValue::from_static("sk-project-of-the-caller"));
            let headers = sent(&target(provider), &caller, Dialect::OpenAi);
            assert_eq!(headers.len(), 1);
            assert_eq!(headers[name], value);
        }
    }

    #[test]
    fn a_server_of_ones_own_may_have_no_secret() {
        let target = Target::new(Provider::Vllm, Some("http://10.0.0.1:8000/v1"), None).unwrap();
        assert!(sent(&target, &HeaderMap::new(), Dialect::OpenAi).is_empty());
    }

    #[test]
    fn anthropic_is_asked_for_a_version_unless_the_caller_names_one() {
        let target = target(Provider::Anthropic);
        let headers = sent(&target, &HeaderMap::new(), Dialect::Anthropic);
        assert_eq!(headers["anthropic-version"], "2023-06-01");
        let mut caller = HeaderMap::new();
        caller.insert("anthropic-version", HeaderValue::from_static("2024-01-01"));
        let headers = sent(&target, &caller, Dialect::Anthropic);
        assert_eq!(headers.get_all("anthropic-version").iter().collect::<Vec<_>>(), ["2024-01-01"]);
    }

    #[test]
    fn nothing_shows_the_secret() {
        for provider in Provider::ALL {
            let target = target(*provider);
            let headers = sent(&target, &HeaderMap::new(), Dialect::OpenAi);
            assert!(!format!("{target:?} {headers:?}").contains("very-secret"), "{provider}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        assert!(matches!(Target::new(Provider::Vllm, None, None), Err(TargetError::NoBaseUrl(_))));
        assert!(matches!(Target::new(Provider::Vllm, Some("nonsense"), None), Err(TargetError::BaseUrl(_))));
        let wrong = Target::new(Provider::OpenAi, Some("https://a.example/v1"), Some(&"sk-a\nb".into()));
        assert!(matches!(wrong, Err(TargetError::Secret)));
        assert!(Target::new(Provider::Demo, None, None).is_ok());
    }
}
