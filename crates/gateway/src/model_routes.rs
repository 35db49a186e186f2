//! `GET /v1/models` and `GET /v1/models/{id}`: the providers' own ids and the
//! project's aliases, as far as the key may use them, in OpenAI's shape or, for
//! a caller that says `anthropic-version`, in Anthropic's.

use std::{collections::HashSet, sync::Arc};

use http::{Response, StatusCode};
use keyward_access::{CredentialEntry, KeyEntry};
use keyward_domain::{
    model_alias::ModelAlias,
    provider::{Dialect, Provider},
};
use keyward_provider::{headers::ANTHROPIC_VERSION, models::MODEL_LIST_TIME};
use serde_json::{Value, json};

use crate::{
    call::Call,
    error::CallError,
    models::{Known, ModelLists},
    resolve::{Resolution, resolve_alias},
    respond::{AnswerBody, json},
};

/// A model as it is listed.
struct Listed {
    id: String,
    provider: Provider,
}

/// Whether the models are to be told as Anthropic tells them.
pub(crate) fn wants_anthropic(call: &Call<'_>) -> bool {
    let path = call.head.uri.path();
    (path == "/v1/models" || path.starts_with("/v1/models/")) && call.head.headers.contains_key(ANTHROPIC_VERSION)
}

/// All models that the key may use.
pub(crate) async fn list(call: &Call<'_>, key: &KeyEntry) -> Result<Response<AnswerBody>, CallError> {
    let listed = usable(call, key).await?;
    let answer = if wants_anthropic(call) {
        let id = |model: Option<&Listed>| model.map(|model| model.id.clone());
        json!({
            "data": listed.iter().map(anthropic).collect::<Vec<_>>(),
            "has_more": false,
            "first_id": id(listed.first()),
            "last_id": id(listed.last()),
        })
    } else {
        json!({"object": "list", "data": listed.iter().map(openai).collect::<Vec<_>>()})
    };
    Ok(json(StatusCode::OK, answer.to_string().into()))
}

/// The model with that id.
pub(crate) async fn one(call: &Call<'_>, key: &KeyEntry, id: &str) -> Result<Response<AnswerBody>, CallError> {
    let listed = usable(call, key).await?;
    let prefixed = |model: &&Listed| {
        id.strip_prefix(model.provider.as_str()).and_then(|id| id.strip_prefix('/')) == Some(&model.id)
    };
    let model = listed.iter().find(|model| model.id == id).or_else(|| listed.iter().find(prefixed));
    let model = model.ok_or_else(|| CallError::model_not_found(&id.chars().take(200).collect::<String>()))?;
    let answer = if wants_anthropic(call) { anthropic(model) } else { openai(model) };
    Ok(json(StatusCode::OK, answer.to_string().into()))
}

async fn usable(call: &Call<'_>, key: &KeyEntry) -> Result<Vec<Listed>, CallError> {
    let (credentials, aliases) = {
        let state = key.project.state.load();
        (Arc::clone(&state.credentials), Arc::clone(&state.model_aliases))
    };
    if credentials.is_empty() {
        return Err(CallError::provider_not_configured());
    }
    ModelLists::refresh(call.core, credentials.iter(), MODEL_LIST_TIME).await;
    let lists = &call.core.shared.models;
    let known: Vec<_> = credentials.iter().map(|credential| (credential, lists.known(credential))).collect();
    let any = known.iter().any(|(_, known)| matches!(known, Some(Known::List(_))));
    if !any {
        return Err(known.iter().find_map(|(_, known)| failure(known.as_ref())).unwrap_or_else(|| {
            CallError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "provider_timeout",
                "The provider didn't answer its list of models in time. Try again.",
            )
        }));
    }
    let mut seen = HashSet::new();
    let mut listed = Vec::new();
    // As in a call: the project's own names first.
    let mut own: Vec<_> = aliases.values().collect();
    own.sort_by(|a, b| a.name.cmp(&b.name));
    for alias in own {
        if let Some(provider) = serves(lists, key, &credentials, alias)
            && seen.insert(alias.name.clone())
        {
            listed.push(Listed { id: alias.name.clone(), provider });
        }
    }
    let mut add = |credential: &CredentialEntry, id: &str, model: &str| {
        let full = format!("{}/{model}", credential.provider);
        if key.may_use_model(&[id, model, &full]) && seen.insert(id.to_owned()) {
            listed.push(Listed { id: id.to_owned(), provider: credential.provider });
        }
    };
    // An alias comes before a model of the same name, as it does in a call.
    for credential in credentials.iter() {
        for (alias, model) in &credential.aliases.0 {
            add(credential, alias, model);
        }
    }
    for (credential, known) in &known {
        if let Some(Known::List(models)) = known {
            for model in models.iter() {
                add(credential, model, model);
            }
        }
    }
    Ok(listed)
}

/// Whose model an alias leads to first, as far as the key may use it.
fn serves(
    lists: &ModelLists,
    key: &KeyEntry,
    credentials: &[Arc<CredentialEntry>],
    alias: &ModelAlias,
) -> Option<Provider> {
    [Dialect::OpenAi, Dialect::Anthropic].into_iter().find_map(|dialect| {
        let known = |entry: &CredentialEntry, model: &str| lists.lists(entry, model);
        let Resolution::Chosen(choices) = resolve_alias(credentials, dialect, alias, Some(&known), |_| 0) else {
            return None;
        };
        let usable = choices.into_iter().find(|choice| {
            let provider = choice.credential.provider;
            provider.speaks(dialect) && choice.ask(&alias.name, |names| key.may_use_model(names))
        });
        usable.map(|choice| choice.credential.provider)
    })
}

fn failure(known: Option<&Known>) -> Option<CallError> {
    match known {
        Some(Known::Failed(error)) => Some(CallError::from(&**error)),
        _ => None,
    }
}

/// <https://platform.openai.com/docs/api-reference/models/object>. When a model
/// was made isn't known to all providers, so nobody is told.
fn openai(model: &Listed) -> Value {
    json!({"id": model.id, "object": "model", "created": 0, "owned_by": model.provider.as_str()})
}

/// <https://docs.anthropic.com/en/api/models-list>, which names the epoch for a
/// date that isn't known.
fn anthropic(model: &Listed) -> Value {
    json!({"type": "model", "id": model.id, "display_name": model.id, "created_at": "1970-01-01T00:00:00Z"})
}
