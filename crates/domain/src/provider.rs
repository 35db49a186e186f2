//! The catalogue: which providers Keyward knows, where they are, how they want
//! to be addressed, and what their secrets look like. Facts only; the calls are
//! made elsewhere.

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A family of endpoints with one shape of body, error and stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `/v1/chat/completions` and its relatives.
    OpenAi,
    /// `/v1/messages`.
    Anthropic,
}

/// How a provider wants its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// The secret alone in the header of this name.
    Header(&'static str),
}

macro_rules! providers {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// Who answers the calls.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Provider { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl Provider {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the API and before the slash of `provider/model`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

providers! {
    /// OpenAI.
    OpenAi "openai",
    /// Anthropic.
    Anthropic "anthropic",
    /// Azure OpenAI, through its `v1` API: every resource has a base URL of its own.
    AzureOpenAi "azure_openai",
    /// Google's Gemini API, through its OpenAI-compatible endpoint.
    Google "google",
    /// Mistral.
    Mistral "mistral",
    /// Groq.
    Groq "groq",
    /// DeepSeek.
    DeepSeek "deepseek",
    /// xAI.
    Xai "xai",
    /// OpenRouter.
    OpenRouter "openrouter",
    /// Together AI.
    Together "together",
    /// A local Ollama.
    Ollama "ollama",
    /// A vLLM server of one's own.
    Vllm "vllm",
    /// Any other server that speaks OpenAI's dialect.
    OpenAiCompatible "openai_compatible",
    /// Keyward's own offline provider, for trying things out.
    Demo "demo",
}

impl Provider {
    /// The provider of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.as_str() == name)
    }

    /// What its official SDK takes as base URL; `None` where everybody has one
    /// of their own, or none is needed (`demo`).
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Google => Some("https://generativelanguage.googleapis.com/v1beta/openai"),
            Self::Mistral => Some("https://api.mistral.ai/v1"),
            Self::Groq => Some("https://api.groq.com/openai/v1"),
            Self::DeepSeek => Some("https://api.deepseek.com/v1"),
            Self::Xai => Some("https://api.x.ai/v1"),
            Self::OpenRouter => Some("https://openrouter.ai/api/v1"),
            Self::Together => Some("https://api.together.xyz/v1"),
            Self::Ollama => Some("http://localhost:11434/v1"),
            Self::AzureOpenAi | Self::Vllm | Self::OpenAiCompatible | Self::Demo => None,
        }
    }

    /// How it wants its secret.
    pub const fn authentication(self) -> Authentication {
        match self {
            Self::Anthropic => Authentication::Header("x-api-key"),
            Self::AzureOpenAi => Authentication::Header("api-key"),
            _ => Authentication::Bearer,
        }
    }

    /// Whether it understands bodies of that dialect.
    pub const fn speaks(self, dialect: Dialect) -> bool {
        matches!((self, dialect), (Self::Demo, _) | (Self::Anthropic, Dialect::Anthropic) | (_, Dialect::OpenAi))
            && !matches!((self, dialect), (Self::Anthropic, Dialect::OpenAi))
    }

    /// Whether a credential can do without a secret (servers of one's own).
    pub const fn secret_is_optional(self) -> bool {
        matches!(self, Self::Ollama | Self::Vllm | Self::OpenAiCompatible | Self::Demo)
    }

    /// Refuses a missing base URL where everybody has one of their own, and a
    /// given one where there is nothing to reach (`demo`).
    pub fn check_base_url(self, param: &str, is_given: bool) -> Result<(), Invalid> {
        match self {
            Self::Demo if is_given => {
                Err(Invalid::new(param, format!("demo is built in and has no address: leave {param} out.")))
            }
            Self::AzureOpenAi | Self::Vllm | Self::OpenAiCompatible if !is_given => {
                Err(Invalid::new(param, format!("{self} has no usual address: give its {param}."))
                    .code("missing_required_parameter"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a missing secret where one is needed, and a given one that
    /// [`check_secret`](Self::check_secret) refuses.
    pub fn check_given_secret(self, param: &str, secret: Option<&str>) -> Result<(), Invalid> {
        match secret {
            Some(secret) => self.check_secret(param, secret),
            None if self.secret_is_optional() => Ok(()),
            None => {
                Err(Invalid::new(param, format!("A credential of {self} can't do without a secret: give {param}."))
                    .code("missing_required_parameter"))
            }
        }
    }

    const fn secret_prefix(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("sk-"),
            Self::Anthropic => Some("sk-ant-"),
            Self::Groq => Some("gsk_"),
            Self::Xai => Some("xai-"),
            Self::OpenRouter => Some("sk-or-"),
            Self::DeepSeek => Some("sk-"),
            _ => None,
        }
    }

    /// Refuses a secret that can't be one of this provider's: a masked value
    /// sent back, the wrong prefix, blanks, or an impossible length.
    pub fn check_secret(self, param: &str, secret: &str) -> Result<(), Invalid> {
        let invalid =
            |why: String| Invalid::new(param, format!("Invalid API key format: {why}")).code("invalid_api_key_format");
        if secret.contains("...") || secret.contains('…') || secret.contains('*') || secret.contains('•') {
            return Err(invalid(
                "this is a masked value. Send the whole secret, or leave the field out to keep the present one.".into(),
            ));
        }
        if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(invalid("it must be visible ASCII characters without blanks.".into()));
        }
        if secret.len() > 4096 {
            return Err(invalid(format!("it has {} characters; at most 4096 are possible.", secret.len())));
        }
        match self.secret_prefix() {
            Some(prefix) if !secret.starts_with(prefix) => {
                Err(invalid(format!("a secret of {} starts with {prefix}", self.as_str())))
            }
            Some(prefix) if secret.len() < prefix.len() + 8 => Err(invalid("it is incomplete.".into())),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_speaks_something_and_names_are_unique() {
        for provider in Provider::ALL {
            assert!(provider.speaks(Dialect::OpenAi) || provider.speaks(Dialect::Anthropic));
            assert_eq!(Provider::parse(provider.as_str()), Some(*provider));
        }
        assert!(!Provider::Anthropic.speaks(Dialect::OpenAi));
        assert!(!Provider::OpenAi.speaks(Dialect::Anthropic));
        assert!(Provider::Demo.speaks(Dialect::Anthropic) && Provider::Demo.speaks(Dialect::OpenAi));
    }

    #[test]
    fn a_base_url_is_needed_just_where_there_is_no_usual_one() {
        for provider in Provider::ALL {
            let is_needed = provider.default_base_url().is_none() && *provider != Provider::Demo;
            assert_eq!(provider.check_base_url("base_url", false).is_err(), is_needed, "{provider}");
            assert_eq!(provider.check_base_url("base_url", true).is_err(), *provider == Provider::Demo, "{provider}");
        }
    }

    #[test]
    fn a_secret_is_needed_unless_it_is_optional() {
        for provider in Provider::ALL {
            let refused = provider.check_given_secret("api_key", None).is_err();
            assert_eq!(refused, !provider.secret_is_optional(), "{provider}");
            assert!(provider.check_given_secret("api_key", Some("sk-abcd...wxyz")).is_err(), "{provider}");
        }
    }

    #[test]
    fn secrets_of_the_wrong_shape_are_refused() {
        let check = |provider: Provider, secret: &str| provider.check_secret("api_key", secret);
        assert!(check(Provider::OpenAi, "sk-abcdefgh12345678").is_ok());
        for wrong in [
            "",
            "pk-abcdefgh12345678",
            "sk-",
            "sk-abc def123456",
            "sk-abcd...wxyz",
            "sk-abcdefgh\n12345678",
            "sk-•••••••••••",
        ] {
            let error = check(Provider::OpenAi, wrong).unwrap_err();
            assert!(error.message.starts_with("Invalid API key format"), "{wrong:?}");
        }
        assert!(check(Provider::Anthropic, "sk-abcdefgh12345678").is_err());
    }
}
