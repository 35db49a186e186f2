//! Who may answer a call: the credentials that serve its model in its dialect,
//! as far as the key may use that model, each made ready for calling.

use std::{sync::Arc, time::Duration};

use keyward_access::{CredentialEntry, KeyEntry, Refusal};
use keyward_domain::{
    model_alias::ModelAlias,
    provider::{Dialect, Provider},
};
use keyward_provider::Target;

use crate::{
    call::Call,
    core::Core,
    error::CallError,
    models::ModelLists,
    resolve::{Choice, Lists, Resolution, resolve, resolve_alias},
};

/// How long a call waits for the lists of models, when it needs them and
/// nobody has asked for them before.
const LIST_PATIENCE: Duration = Duration::from_secs(2);

/// One who may answer.
pub(crate) struct Candidate<'a> {
    pub(crate) choice: Choice<'a>,
    pub(crate) target: Target,
}

/// Who may answer a call for `requested` (`alias`: the project's own name for
/// models, if that is one), in the order to be asked; nobody if the project has
/// no credential. Refuses a model that the key may not use and a
/// dialect that the model's provider doesn't speak.
pub(crate) async fn choose<'a>(
    call: &Call<'_>,
    key: &KeyEntry,
    credentials: &'a [Arc<CredentialEntry>],
    dialect: Dialect,
    (requested, alias): (&'a str, Option<&'a ModelAlias>),
) -> Result<Vec<Choice<'a>>, CallError> {
    let lists = &call.core.shared.models;
    let draw = |most| call.core.draw.below(most);
    let find = |lists: Option<&Lists<'_>>| match alias {
        Some(alias) => resolve_alias(credentials, dialect, alias, lists, draw),
        None => resolve(credentials, dialect, requested, lists, draw),
    };
    let mut resolution = find(None);
    if let Resolution::NeedsLists = resolution {
        let asked = credentials.iter().filter(|credential| credential.provider.speaks(dialect));
        Box::pin(ModelLists::refresh(call.core, asked, LIST_PATIENCE)).await;
        resolution = find(Some(&|entry, model| lists.lists(entry, model)));
    }
    let mut choices = match resolution {
        Resolution::Chosen(choices) => choices,
        Resolution::NeedsLists | Resolution::Nothing => Vec::new(),
    };
    if key.restricts_models() {
        let had_any = !choices.is_empty();
        choices.retain(|choice| choice.ask(requested, |names| key.may_use_model(names)));
        if choices.is_empty() && (had_any || !key.may_use_model(&[requested])) {
            return Err(Refusal::ModelNotAllowed(requested.to_owned()).into());
        }
    }
    if let Some(choice) = choices.first()
        && !choice.credential.provider.speaks(dialect)
    {
        return Err(other_dialect(choice.credential.provider, dialect));
    }
    Ok(choices)
}

/// Makes those ready that can be used; refuses when there is none.
pub(crate) fn ready<'a>(core: &Core, choices: &[Choice<'a>]) -> Result<Vec<Candidate<'a>>, CallError> {
    let mut candidates = Vec::with_capacity(choices.len());
    let mut unusable = None;
    for choice in choices {
        match core.targets.get(choice.credential) {
            Ok(target) => candidates.push(Candidate { choice: *choice, target }),
            Err(error) => unusable = unusable.or(Some(error)),
        }
    }
    if candidates.is_empty() {
        return Err(unusable.unwrap_or_else(CallError::provider_not_configured));
    }
    Ok(candidates)
}

fn other_dialect(provider: Provider, dialect: Dialect) -> CallError {
    let route = match dialect {
        Dialect::OpenAi => "/v1/messages",
        Dialect::Anthropic => "/v1/chat/completions",
    };
    let message = format!(
        "The provider of this model, {provider}, doesn't speak this address's dialect. Use {route}, or a model of another provider."
    );
    CallError { param: Some("model"), ..CallError::bad_request("dialect_not_supported", message) }
}
