//! Which credential a call goes out with, and under which name its model is
//! known there. Pure: what has to be asked for (the providers' lists of models)
//! is asked for by whoever calls.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_domain::provider::{Dialect, Provider};

/// A credential, and the model as its provider knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) credential: &'a Arc<CredentialEntry>,
    /// The name to send.
    pub(crate) model: &'a str,
    /// What the caller wrote, without a provider before it.
    name: &'a str,
}

/// The answer so far.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resolution<'a> {
    Chosen(Choice<'a>),
    /// Several credentials would do: whose provider lists the model decides.
    NeedsLists,
    /// The project has no credential.
    Nothing,
}

/// Whether a credential's provider lists a model.
type Lists<'a> = dyn Fn(&CredentialEntry, &str) -> bool + 'a;

/// Chooses, in this order: the provider named before the slash; an alias; the
/// provider that lists the model (`lists`, if they were asked for); the first
/// that speaks the dialect. Of several equals the first that speaks it; the
/// first of all when no model is named.
pub(crate) fn resolve<'a>(
    credentials: &'a [Arc<CredentialEntry>],
    dialect: Dialect,
    requested: &'a str,
    lists: Option<&Lists<'_>>,
) -> Resolution<'a> {
    let (provider, name) = split(credentials, requested);
    let candidates = || credentials.iter().filter(move |entry| provider.is_none_or(|named| named == entry.provider));
    let speaks = |entry: &&Arc<CredentialEntry>| entry.provider.speaks(dialect);
    let chosen = |credential: &'a Arc<CredentialEntry>| {
        let model = credential.aliases.0.get(name).map_or(name, String::as_str);
        Resolution::Chosen(Choice { credential, model, name })
    };

    let with_alias = || candidates().filter(|entry| entry.aliases.0.contains_key(name));
    if let Some(credential) = with_alias().find(speaks).or_else(|| with_alias().next()) {
        return chosen(credential);
    }
    if !requested.is_empty() && candidates().filter(speaks).nth(1).is_some() {
        let Some(lists) = lists else { return Resolution::NeedsLists };
        if let Some(credential) = candidates().filter(speaks).find(|entry| lists(entry, name)) {
            return chosen(credential);
        }
    }
    match candidates().find(speaks).or_else(|| candidates().next()) {
        Some(credential) => chosen(credential),
        None => Resolution::Nothing,
    }
}

/// `provider/model`, when the project has a credential of that provider.
fn split<'a>(credentials: &[Arc<CredentialEntry>], requested: &'a str) -> (Option<Provider>, &'a str) {
    let named = requested.split_once('/').filter(|(_, model)| !model.is_empty()).and_then(|(provider, model)| {
        let provider = Provider::parse(provider)?;
        credentials.iter().any(|entry| entry.provider == provider).then_some((Some(provider), model))
    });
    named.unwrap_or((None, requested))
}

impl Choice<'_> {
    /// Asks `policy` about all names that the model goes by: what the caller
    /// wrote, the alias in it, the provider's own name, and that with the
    /// provider before it.
    pub(crate) fn ask<T>(&self, requested: &str, policy: impl FnOnce(&[&str]) -> T) -> T {
        let full = format!("{}/{}", self.credential.provider, self.model);
        policy(&[requested, self.name, self.model, &full])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use keyward_domain::{credential::Aliases, id::CredentialId};

    use super::*;

    fn credential(provider: Provider, aliases: &[(&str, &str)]) -> Arc<CredentialEntry> {
        let aliases: BTreeMap<_, _> = aliases.iter().map(|(a, m)| ((*a).to_owned(), (*m).to_owned())).collect();
        Arc::new(CredentialEntry {
            id: "cred_00000000000000000000000000000001".parse::<CredentialId>().unwrap(),
            version: 1,
            provider,
            base_url: None,
            secret: None,
            aliases: Aliases(aliases),
        })
    }

    const LISTED: &[(Provider, &str)] = &[(Provider::Groq, "llama"), (Provider::Anthropic, "claude")];

    /// `provider model`, `lists` or `nothing`.
    fn outcome(credentials: &[Arc<CredentialEntry>], dialect: Dialect, requested: &str, asked: bool) -> String {
        let lists = |entry: &CredentialEntry, model: &str| LISTED.contains(&(entry.provider, model));
        let lists: &Lists<'_> = &lists;
        match resolve(credentials, dialect, requested, asked.then_some(lists)) {
            Resolution::Chosen(choice) => format!("{} {}", choice.credential.provider, choice.model),
            Resolution::NeedsLists => "lists".to_owned(),
            Resolution::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_model_finds_its_credential() {
        use Dialect::{Anthropic, OpenAi};
        let all = [
            credential(Provider::OpenAi, &[("fast", "gpt-4o-mini"), ("both", "gpt-4o")]),
            credential(Provider::Groq, &[("quick", "llama")]),
            credential(Provider::Anthropic, &[("both", "claude-x"), ("opus", "claude-opus")]),
        ];
        for (dialect, requested, expected) in [
            (OpenAi, "gpt-4o", "lists"),
            (OpenAi, "openai/gpt-4o", "openai gpt-4o"),
            (OpenAi, "openai/fast", "openai gpt-4o-mini"),
            (OpenAi, "openai/meta/llama", "openai meta/llama"),
            (OpenAi, "fast", "openai gpt-4o-mini"),
            (OpenAi, "quick", "groq llama"),
            (OpenAi, "both", "openai gpt-4o"),
            (Anthropic, "both", "anthropic claude-x"),
            (OpenAi, "opus", "anthropic claude-opus"),
            (Anthropic, "claude", "anthropic claude"),
            (Anthropic, "gpt-4o", "anthropic gpt-4o"),
            (OpenAi, "anthropic/claude", "anthropic claude"),
            (OpenAi, "mistral/m", "lists"),
            (OpenAi, "openai/", "lists"),
            (OpenAi, "FAST", "lists"),
            (OpenAi, "", "openai "),
        ] {
            assert_eq!(outcome(&all, dialect, requested, false), expected, "{requested}");
        }
        for (requested, expected) in [
            ("llama", "groq llama"),
            ("gpt-4o", "openai gpt-4o"),
            ("claude", "openai claude"),
            ("mistral/m", "openai mistral/m"),
        ] {
            assert_eq!(outcome(&all, OpenAi, requested, true), expected, "{requested}");
        }
    }

    #[test]
    fn one_credential_needs_no_lists_and_none_is_nothing() {
        let one = [credential(Provider::OpenAi, &[])];
        assert_eq!(outcome(&one, Dialect::OpenAi, "x", false), "openai x");
        assert_eq!(outcome(&one, Dialect::Anthropic, "x", false), "openai x");
        assert_eq!(outcome(&[], Dialect::OpenAi, "openai/x", false), "nothing");
    }

    #[test]
    fn policy_is_asked_about_every_name() {
        let all = [credential(Provider::OpenAi, &[("fast", "gpt-4o-mini")])];
        let Resolution::Chosen(choice) = resolve(&all, Dialect::OpenAi, "openai/fast", None) else { panic!() };
        assert!(
            choice
                .ask("openai/fast", |names| { names == ["openai/fast", "fast", "gpt-4o-mini", "openai/gpt-4o-mini"] })
        );
    }
}
