//! The fields that creating and editing a project read alike.

use keyward_domain::{
    Invalid,
    model::{ModelMode, ModelPatterns, ModelPermissions},
    provider::Provider,
};

use crate::form::Form;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("description", "description"),
    ("model_permissions", "model_ids"),
    ("credential.provider", "provider"),
    ("credential.api_key", "provider_key"),
    ("credential.base_url", "base_url"),
    ("credential.name", "credential_name"),
];

/// Which models the project may use: `None` for all.
pub fn model_permissions(form: &Form) -> Result<Option<ModelPermissions>, Invalid> {
    let mode = match form.text("model_mode") {
        "allow_list" => ModelMode::AllowList,
        "deny_list" => ModelMode::DenyList,
        _ => return Ok(None),
    };
    let model_ids = ModelPatterns::parse("model_permissions.model_ids", form.words("model_ids"))?;
    Ok(Some(ModelPermissions { mode, model_ids }))
}

/// Fills in which models a project may use.
pub fn set_model_permissions(form: &mut Form, permissions: Option<&ModelPermissions>) {
    let Some(permissions) = permissions else { return };
    let mode = match permissions.mode {
        ModelMode::AllowList => "allow_list",
        ModelMode::DenyList => "deny_list",
    };
    form.set("model_mode", mode);
    form.set("model_ids", permissions.model_ids.as_slice().join("\n"));
}

/// What the choice of models offers.
pub const MODEL_MODES: &[(&str, &str)] =
    &[("", "All models"), ("allow_list", "Only these models"), ("deny_list", "All models but these")];

/// What people call a provider.
pub const fn provider_label(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "OpenAI",
        Provider::Anthropic => "Anthropic",
        Provider::AzureOpenAi => "Azure OpenAI",
        Provider::Google => "Google Gemini",
        Provider::Mistral => "Mistral",
        Provider::Groq => "Groq",
        Provider::DeepSeek => "DeepSeek",
        Provider::Xai => "xAI",
        Provider::OpenRouter => "OpenRouter",
        Provider::Together => "Together AI",
        Provider::Ollama => "Ollama",
        Provider::Vllm => "vLLM",
        Provider::OpenAiCompatible => "Another OpenAI-compatible server",
        Provider::Demo => "Demo (built in, answers offline)",
    }
}

/// All providers as a form offers them.
pub fn providers() -> Vec<(&'static str, &'static str)> {
    Provider::ALL.iter().map(|provider| (provider.as_str(), provider_label(*provider))).collect()
}
