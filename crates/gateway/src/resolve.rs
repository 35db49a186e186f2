//! Which credentials a call may go out with, in which order, and under which
//! name its model is known there. Pure: what has to be asked for (the
//! providers' lists of models) is asked for by whoever calls.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_domain::{
    model_alias::{AliasTarget, ModelAlias},
    provider::{Dialect, Provider},
    weight,
};

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
#[derive(Debug, Clone)]
pub(crate) enum Resolution<'a> {
    /// In the order to be asked; at least one.
    Chosen(Vec<Choice<'a>>),
    /// Several credentials would do: whose provider lists the model decides.
    NeedsLists,
    /// The project has no credential.
    Nothing,
}

/// Whether a credential's provider lists a model; `None`: nobody knows.
pub(crate) type Lists<'a> = dyn Fn(&CredentialEntry, &str) -> Option<bool> + 'a;

/// Chooses, in this order: the provider named before the slash; those with an
/// alias; those whose provider lists the model (`lists`, if they were asked
/// for); the first that speaks the dialect. Where the credential alone makes no
/// difference, all that lead to the same place are as good as the first.
///
/// They come by priority, a project's own before those that it inherits, and
/// equals as `draw` (a number below what it is given) and their weights have it.
/// Only when none speaks the dialect, the first of all is answered nevertheless.
pub(crate) fn resolve<'a>(
    credentials: &'a [Arc<CredentialEntry>],
    dialect: Dialect,
    requested: &'a str,
    lists: Option<&Lists<'_>>,
    draw: impl FnMut(u64) -> u64,
) -> Resolution<'a> {
    let (provider, name) = split(credentials, requested);
    let candidates = || credentials.iter().filter(move |entry| provider.is_none_or(|named| named == entry.provider));
    let speaking = || candidates().filter(move |entry| entry.provider.speaks(dialect));
    let mut chosen: Vec<_> = speaking().filter(|entry| entry.aliases.0.contains_key(name)).collect();
    if chosen.is_empty() {
        chosen.extend(candidates().find(|entry| entry.aliases.0.contains_key(name)));
    }
    if chosen.is_empty() && !requested.is_empty() && speaking().nth(1).is_some() {
        let Some(lists) = lists else { return Resolution::NeedsLists };
        let is_listed = |entry: &CredentialEntry| lists(entry, name);
        let listing: Vec<_> = speaking().filter(|entry| is_listed(entry) == Some(true)).collect();
        // One whose list can't be had is no worse than its twin.
        let is_twin = |entry: &CredentialEntry| {
            is_listed(entry).is_none() && listing.iter().any(|known| is_same_place(known, entry))
        };
        chosen = speaking().filter(|entry| is_listed(entry) == Some(true) || is_twin(entry)).collect();
    }
    if chosen.is_empty()
        && let Some(first) = speaking().next()
    {
        chosen = speaking().filter(|entry| is_same_place(first, entry)).collect();
    }
    if chosen.is_empty() {
        chosen.extend(candidates().next());
    }
    if chosen.is_empty() {
        return Resolution::Nothing;
    }
    weight::order(&mut chosen, |entry| (entry.priority, entry.inherited), |entry| entry.weight, draw);
    let choice = |credential: &'a Arc<CredentialEntry>| {
        let model = credential.aliases.0.get(name).map_or(name, String::as_str);
        Choice { credential, model, name }
    };
    Resolution::Chosen(chosen.into_iter().map(choice).collect())
}

/// The same for a project's own name for models: its targets in their order,
/// each with those who serve it. A target that nobody serves in the dialect
/// counts only when no other does.
pub(crate) fn resolve_alias<'a>(
    credentials: &'a [Arc<CredentialEntry>],
    dialect: Dialect,
    alias: &'a ModelAlias,
    lists: Option<&Lists<'_>>,
    mut draw: impl FnMut(u64) -> u64,
) -> Resolution<'a> {
    let mut targets = Vec::with_capacity(alias.targets.len());
    for target in &alias.targets {
        let Some(credentials) = who_may_serve(credentials, target) else { continue };
        match resolve(credentials, dialect, &target.model, lists, &mut draw) {
            Resolution::Chosen(choices) => targets.push((target, choices)),
            Resolution::NeedsLists => return Resolution::NeedsLists,
            Resolution::Nothing => {}
        }
    }
    let speaks = |choices: &[Choice<'_>]| choices.iter().any(|choice| choice.credential.provider.speaks(dialect));
    if targets.iter().any(|(_, choices)| speaks(choices)) {
        targets.retain(|(_, choices)| speaks(choices));
    }
    weight::order(&mut targets, |(target, _)| target.priority, |(target, _)| target.weight, draw);
    match targets.is_empty() {
        true => Resolution::Nothing,
        false => Resolution::Chosen(targets.into_iter().flat_map(|(_, choices)| choices).collect()),
    }
}

/// Among whom a target's model is looked for; `None`: the credential that it
/// names is gone, or the project has none of the provider that it names.
fn who_may_serve<'a>(
    credentials: &'a [Arc<CredentialEntry>],
    target: &AliasTarget,
) -> Option<&'a [Arc<CredentialEntry>]> {
    if let Some(id) = target.credential_id {
        return credentials.iter().find(|entry| entry.id == id).map(std::slice::from_ref);
    }
    let named = target.model.split_once('/').and_then(|(provider, _)| Provider::parse(provider));
    let is_missing = named.is_some_and(|named| !credentials.iter().any(|entry| entry.provider == named));
    (!is_missing).then_some(credentials)
}

/// Whether two credentials lead to the same models, as far as can be known.
fn is_same_place(one: &CredentialEntry, other: &CredentialEntry) -> bool {
    one.provider == other.provider && one.base_url == other.base_url
}

/// `provider/model`, when the project has a credential of that provider.
fn split<'a>(credentials: &[Arc<CredentialEntry>], requested: &'a str) -> (Option<Provider>, &'a str) {
    let named = requested.split_once('/').filter(|(_, model)| !model.is_empty()).and_then(|(provider, model)| {
        let provider = Provider::parse(provider)?;
        credentials.iter().any(|entry| entry.provider == provider).then_some((Some(provider), model))
    });
    named.unwrap_or((None, requested))
}

impl<'a> Choice<'a> {
    /// That credential, for what has nothing to do with models.
    pub(crate) const fn only(credential: &'a Arc<CredentialEntry>) -> Self {
        Self { credential, model: "", name: "" }
    }

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

    use keyward_domain::{credential::Aliases, id::CredentialId, weight::Weight};

    use super::*;

    fn entry(provider: Provider, aliases: &[(&str, &str)]) -> CredentialEntry {
        let aliases: BTreeMap<_, _> = aliases.iter().map(|(a, m)| ((*a).to_owned(), (*m).to_owned())).collect();
        CredentialEntry {
            id: "cred_00000000000000000000000000000001".parse::<CredentialId>().unwrap(),
            version: 1,
            provider,
            base_url: None,
            secret: None,
            aliases: Aliases(aliases),
            priority: 0,
            weight: Weight::default(),
            inherited: false,
        }
    }

    fn credential(provider: Provider, aliases: &[(&str, &str)]) -> Arc<CredentialEntry> {
        entry(provider, aliases).into()
    }

    const LISTED: &[(Provider, &str)] = &[
        (Provider::Groq, "llama"),
        (Provider::Anthropic, "claude"),
        (Provider::Groq, "shared"),
        (Provider::OpenAi, "shared"),
    ];

    /// `provider model`, several behind each other, `lists` or `nothing`.
    fn outcome(credentials: &[Arc<CredentialEntry>], dialect: Dialect, requested: &str, asked: bool) -> String {
        let lists = |entry: &CredentialEntry, model: &str| {
            (entry.version != 9).then(|| LISTED.contains(&(entry.provider, model)))
        };
        let lists: &Lists<'_> = &lists;
        match resolve(credentials, dialect, requested, asked.then_some(lists), |_| 0) {
            Resolution::Chosen(choices) => {
                let all: Vec<_> =
                    choices.iter().map(|choice| format!("{} {}", choice.credential.provider, choice.model)).collect();
                all.join(", ")
            }
            Resolution::NeedsLists => "lists".to_owned(),
            Resolution::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_model_finds_its_credentials() {
        use Dialect::{Anthropic, OpenAi};
        let all = [
            credential(Provider::OpenAi, &[("fast", "gpt-4o-mini"), ("both", "gpt-4o"), ("small", "gpt-4o-mini")]),
            credential(Provider::Groq, &[("quick", "llama"), ("small", "llama")]),
            credential(Provider::Anthropic, &[("both", "claude-x"), ("opus", "claude-opus")]),
        ];
        for (dialect, requested, expected) in [
            (OpenAi, "gpt-4o", "lists"),
            (OpenAi, "openai/gpt-4o", "openai gpt-4o"),
            (OpenAi, "openai/fast", "openai gpt-4o-mini"),
            (OpenAi, "openai/meta/llama", "openai meta/llama"),
            (OpenAi, "fast", "openai gpt-4o-mini"),
            (OpenAi, "small", "openai gpt-4o-mini, groq llama"),
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
            ("shared", "openai shared, groq shared"),
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
    fn twins_stand_in_for_each_other_and_others_do_not() {
        let unknown = Arc::new(CredentialEntry { version: 9, ..entry(Provider::Groq, &[]) });
        let all = [credential(Provider::OpenAi, &[]), credential(Provider::Groq, &[]), unknown];
        assert_eq!(outcome(&all, Dialect::OpenAi, "llama", true), "groq llama, groq llama");
        assert_eq!(outcome(&all, Dialect::OpenAi, "nobody's", true), "openai nobody's");
        let elsewhere = CredentialEntry { base_url: Some("https://b.example".into()), ..entry(Provider::OpenAi, &[]) };
        let all = [all[0].clone(), all[0].clone(), elsewhere.into()];
        assert_eq!(outcome(&all, Dialect::OpenAi, "nobody's", true), "openai nobody's, openai nobody's");
    }

    #[test]
    fn they_are_asked_by_priority_then_the_projects_own_then_by_weight() {
        let made = |version, priority, inherited, weight| {
            let weight = Weight::parse("weight", weight).unwrap();
            Arc::new(CredentialEntry { version, priority, inherited, weight, ..entry(Provider::OpenAi, &[("m", "m")]) })
        };
        let all = [made(1, 5, false, 1), made(2, 0, true, 1), made(3, 0, false, 1), made(4, 0, false, 999)];
        let order = |drawn: u64| {
            let Resolution::Chosen(choices) = resolve(&all, Dialect::OpenAi, "m", None, |_| drawn) else { panic!() };
            choices.iter().map(|choice| choice.credential.version).collect::<Vec<_>>()
        };
        assert_eq!(order(0), [3, 4, 2, 1]);
        assert_eq!(order(1), [4, 3, 2, 1]);
        assert_eq!(order(999), [4, 3, 2, 1]);
    }

    fn target(model: &str, priority: i32) -> AliasTarget {
        AliasTarget { model: model.to_owned(), credential_id: None, priority, weight: Weight::default() }
    }

    fn alias(targets: Vec<AliasTarget>) -> ModelAlias {
        ModelAlias {
            id: "alias_00000000000000000000000000000001".parse().unwrap(),
            organization: "org_00000000000000000000000000000001".parse().unwrap(),
            project: "proj_00000000000000000000000000000001".parse().unwrap(),
            name: "smart".to_owned(),
            targets,
            created_at: keyward_domain::Timestamp::UNIX_EPOCH,
            updated_at: keyward_domain::Timestamp::UNIX_EPOCH,
            version: 1,
        }
    }

    #[test]
    fn an_alias_leads_to_its_targets_in_their_order() {
        let all = [credential(Provider::OpenAi, &[]), credential(Provider::Anthropic, &[])];
        let found = |dialect, targets: Vec<AliasTarget>| {
            let alias = alias(targets);
            match resolve_alias(&all, dialect, &alias, Some(&|_, _| None), |_| 0) {
                Resolution::Chosen(choices) => {
                    let one = |choice: &Choice<'_>| format!("{} {}", choice.credential.provider, choice.model);
                    choices.iter().map(one).collect::<Vec<_>>().join(", ")
                }
                other => format!("{other:?}"),
            }
        };
        let (gpt, claude, gone) = (target("openai/gpt-4o", 1), target("anthropic/claude", 0), target("groq/llama", -1));
        let named = AliasTarget { credential_id: "cred_00000000000000000000000000000009".parse().ok(), ..gpt.clone() };
        let three = vec![gpt.clone(), claude.clone(), gone.clone(), target("gpt-4o-mini", 2)];
        assert_eq!(found(Dialect::OpenAi, three.clone()), "openai gpt-4o, openai gpt-4o-mini");
        assert_eq!(found(Dialect::Anthropic, three), "anthropic claude, anthropic gpt-4o-mini");
        assert_eq!(found(Dialect::OpenAi, vec![claude]), "anthropic claude");
        assert_eq!(found(Dialect::OpenAi, vec![gone, named]), "Nothing");
    }

    #[test]
    fn policy_is_asked_about_every_name() {
        let all = [credential(Provider::OpenAi, &[("fast", "gpt-4o-mini")])];
        let chosen = resolve(&all, Dialect::OpenAi, "openai/fast", None, |_| 0);
        let Resolution::Chosen(choices) = chosen else { panic!() };
        assert!(
            choices[0]
                .ask("openai/fast", |names| { names == ["openai/fast", "fast", "gpt-4o-mini", "openai/gpt-4o-mini"] })
        );
    }
}
