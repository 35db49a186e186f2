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
    /// OpenAI's moderations.
    Moderations,
    /// Pictures made from a text (OpenAI).
    ImageGenerations,
    /// Pictures changed as a text says (OpenAI). A form.
    ImageEdits,
    /// Pictures like another (OpenAI). A form.
    ImageVariations,
    /// What is said in a recording (OpenAI). A form.
    Transcriptions,
    /// The same in English (OpenAI). A form.
    Translations,
    /// A text read aloud (OpenAI): the answer is sound.
    Speech,
    /// Texts in the order of their relevance, as servers that speak OpenAI's
    /// dialect take it (Cohere's and Jina's shape).
    Rerank,
    /// Anthropic's messages.
    Messages,
    /// How many tokens a message of Anthropic's would have. Nothing is used.
    CountTokens,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Responses,
        Self::Embeddings,
        Self::Moderations,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::ImageVariations,
        Self::Transcriptions,
        Self::Translations,
        Self::Speech,
        Self::Rerank,
        Self::Messages,
        Self::CountTokens,
    ];

    /// The shape of its bodies, errors and streams.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
            _ => Dialect::OpenAi,
        }
    }

    /// The path behind a provider's base URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
            Self::Moderations => "/moderations",
            Self::ImageGenerations => "/images/generations",
            Self::ImageEdits => "/images/edits",
            Self::ImageVariations => "/images/variations",
            Self::Transcriptions => "/audio/transcriptions",
            Self::Translations => "/audio/translations",
            Self::Speech => "/audio/speech",
            Self::Rerank => "/rerank",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
        }
    }

    /// How it is asked for.
    pub const fn method(self) -> Method {
        Method::POST
    }

    /// Whether its answer can come as a stream of events.
    pub const fn can_stream(self) -> bool {
        !matches!(
            self,
            Self::Embeddings
                | Self::Moderations
                | Self::ImageVariations
                | Self::Translations
                | Self::Rerank
                | Self::CountTokens
        )
    }

    /// Whether the provider has a model of its own for a call that names none.
    pub const fn model_may_be_missing(self) -> bool {
        matches!(self, Self::Moderations | Self::ImageGenerations | Self::ImageEdits | Self::ImageVariations)
    }

    /// Whether its body is a form, not JSON.
    pub const fn takes_form(self) -> bool {
        matches!(self, Self::ImageEdits | Self::ImageVariations | Self::Transcriptions | Self::Translations)
    }

    /// Whether its answer may be something else than JSON or a stream of
    /// events, such as sound or subtitles.
    pub const fn may_answer_bytes(self) -> bool {
        matches!(self, Self::Speech | Self::Transcriptions | Self::Translations)
    }

    /// Whether its answer is a model's text.
    pub const fn answers_text(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions | Self::Responses | Self::Messages)
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
    fn what_is_asked_under_messages_is_anthropics() {
        for operation in Operation::ALL {
            let is_anthropic = operation.path().starts_with("/v1/messages");
            assert_eq!(operation.dialect() == Dialect::Anthropic, is_anthropic, "{operation:?}");
            assert!(!operation.usage_is_asked_for() || operation.can_stream(), "{operation:?}");
        }
    }
}
