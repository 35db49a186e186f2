//! What a call is to the books: with which credential, to which model, and
//! under which kind of usage it is told.

use keyward_access::CredentialEntry;
use keyward_domain::usage::CallKind;
use keyward_provider::{Operation, Usage};
use keyward_telemetry::journal::{ModelName, UsageRecord};

/// One call's entry.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) credential: &'a CredentialEntry,
    /// The provider's name of the model; empty where there is none.
    pub(crate) model: &'a str,
    pub(crate) kind: CallKind,
}

impl<'a> Item<'a> {
    /// A call to a model.
    pub(crate) const fn call(credential: &'a CredentialEntry, model: &'a str, operation: Operation) -> Self {
        Self { credential, model, kind: kind(operation) }
    }

    /// A call about what a provider keeps: no model is asked.
    pub(crate) const fn resource(credential: &'a CredentialEntry) -> Self {
        Self { credential, model: "", kind: CallKind::Other }
    }

    /// The model as the books have it.
    pub(crate) fn model(&self) -> ModelName {
        ModelName::of(self.credential.provider.as_str(), self.model)
    }
}

/// A record with what was used.
pub(crate) const fn with_use(record: UsageRecord, usage: &Usage) -> UsageRecord {
    UsageRecord {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cached_input_tokens: usage.cached_input_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        cache_write_tokens: usage.cache_write_tokens,
        cache_write_hour_tokens: usage.cache_write_hour_tokens,
        input_audio_tokens: usage.input_audio_tokens,
        output_audio_tokens: usage.output_audio_tokens,
        tier: usage.tier,
        ..record
    }
}

/// Under which kind of usage a call is told.
pub(crate) const fn kind(operation: Operation) -> CallKind {
    match operation {
        Operation::ChatCompletions | Operation::Completions | Operation::Responses | Operation::Messages => {
            CallKind::Completions
        }
        Operation::Embeddings => CallKind::Embeddings,
        Operation::Moderations => CallKind::Moderations,
        Operation::ImageGenerations | Operation::ImageEdits | Operation::ImageVariations => CallKind::Images,
        Operation::Speech => CallKind::AudioSpeeches,
        Operation::Transcriptions | Operation::Translations => CallKind::AudioTranscriptions,
        Operation::Rerank => CallKind::Rerank,
        Operation::CountTokens => CallKind::Other,
    }
}
