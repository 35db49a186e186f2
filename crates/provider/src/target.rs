//! Where a credential's calls go and what they show there: made once when a
//! credential is read or changed, used by every call.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use keyward_domain::provider::{Authentication, Dialect, Provider};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    headers::{self, ANTHROPIC_VERSION, DEFAULT_ANTHROPIC_VERSION},
    http::{Endpoint, EndpointError},
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
    pub(crate) fn headers(&self, caller: &HeaderMap, dialect: Dialect) -> HeaderMap {
        let mut headers = headers::to_provider(caller);
        if let Some((name, value)) = self.network().and_then(|network| network.authentication.as_ref()) {
            headers.insert(name.clone(), value.clone());
        }
        if dialect == Dialect::Anthropic && !headers.contains_key(ANTHROPIC_VERSION) {
            headers.insert(ANTHROPIC_VERSION, DEFAULT_ANTHROPIC_VERSION);
        }
        headers
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
            let headers = target(provider).headers(&caller, Dialect::OpenAi);
            assert_eq!(headers.len(), 1);
            assert_eq!(headers[name], value);
        }
    }

    #[test]
    fn a_server_of_ones_own_may_have_no_secret() {
        let target = Target::new(Provider::Vllm, Some("http://10.0.0.1:8000/v1"), None).unwrap();
        assert!(target.headers(&HeaderMap::new(), Dialect::OpenAi).is_empty());
    }

    #[test]
    fn anthropic_is_asked_for_a_version_unless_the_caller_names_one() {
        let target = target(Provider::Anthropic);
        let headers = target.headers(&HeaderMap::new(), Dialect::Anthropic);
        assert_eq!(headers["anthropic-version"], "2023-06-01");
        let mut caller = HeaderMap::new();
        caller.insert("anthropic-version", HeaderValue::from_static("2024-01-01"));
        assert_eq!(target.headers(&caller, Dialect::Anthropic)["anthropic-version"], "2024-01-01");
    }

    #[test]
    fn nothing_shows_the_secret() {
        for provider in Provider::ALL {
            let target = target(*provider);
            let headers = target.headers(&HeaderMap::new(), Dialect::OpenAi);
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
