//! What can be asked of a provider, and where it is asked. A base URL is what
//! the provider's official SDK takes: OpenAI's ends in `/v1`, Anthropic's
//! doesn't, so the paths behind it differ too.

use http::Method;
use keyward_domain::provider::{Dialect, Provider};

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// OpenAI's chat completions.
    ChatCompletions,
    /// OpenAI's older text completions.
    Completions,
    /// OpenAI's responses.
    Responses,
    /// OpenAI's embeddings.
    Embeddings,
    /// Anthropic's messages.
    Messages,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::ChatCompletions, Self::Completions, Self::Responses, Self::Embeddings, Self::Messages];

    /// The shape of its bodies, errors and streams.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::ChatCompletions | Self::Completions | Self::Responses | Self::Embeddings => Dialect::OpenAi,
            Self::Messages => Dialect::Anthropic,
        }
    }

    /// The path behind a provider's base URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
            Self::Messages => "/v1/messages",
        }
    }

    /// How it is asked for.
    pub const fn method(self) -> Method {
        Method::POST
    }

    /// Whether its answer can come as a stream of events.
    pub const fn can_stream(self) -> bool {
        !matches!(self, Self::Embeddings)
    }

    /// Whether a stream reports its use only when asked with
    /// `stream_options.include_usage`.
    pub const fn usage_is_asked_for(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions)
    }
}

/// The path of a provider's model list behind its base URL, query included.
pub const fn model_list_path(provider: Provider) -> &'static str {
    match provider {
        // Its pages are of 20 unless asked; 1000 is the most.
        Provider::Anthropic => "/v1/models?limit=1000",
        _ => "/models",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_the_base_urls_of_the_official_sdks() {
        let url = |provider: Provider, operation: Operation| {
            format!("{}{}", provider.default_base_url().unwrap(), operation.path())
        };
        assert_eq!(url(Provider::OpenAi, Operation::ChatCompletions), "https://api.openai.com/v1/chat/completions");
        assert_eq!(url(Provider::Anthropic, Operation::Messages), "https://api.anthropic.com/v1/messages");
        assert_eq!(model_list_path(Provider::Groq), "/models");
    }

    #[test]
    fn only_messages_are_anthropic_and_only_embeddings_never_stream() {
        for operation in Operation::ALL {
            assert_eq!(operation.dialect() == Dialect::Anthropic, operation == Operation::Messages);
            assert_eq!(operation.can_stream(), operation != Operation::Embeddings);
        }
    }
}
