//! The fields of a credential's form.

use std::collections::BTreeMap;

use keyward_domain::{
    Invalid, Name,
    credential::{Aliases, BaseUrl, Credential},
    provider::Provider,
    weight::Weight,
};
use keyward_service::credential::{NewCredential, UpdateCredential};

use crate::form::Form;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("provider", "provider"),
    ("name", "name"),
    ("api_key", "provider_key"),
    ("base_url", "base_url"),
    ("aliases", "aliases"),
    ("priority", "priority"),
    ("weight", "weight"),
];

/// A new credential as it was typed.
pub fn new(form: &Form) -> Result<NewCredential, Invalid> {
    let provider = Provider::parse(form.text("provider"));
    Ok(NewCredential {
        provider: provider.ok_or_else(|| Invalid::new("provider", "Choose one of the providers."))?,
        name: form.optional("name").map(|name| Name::parse("name", name)).transpose()?,
        base_url: base_url(form)?,
        api_key: form.secret("provider_key"),
        aliases: aliases(form)?,
        priority: priority(form)?,
        weight: weight(form)?,
    })
}

/// What is to change about one.
pub fn update(form: &Form) -> Result<UpdateCredential, Invalid> {
    Ok(UpdateCredential {
        name: Some(Name::parse("name", form.text("name"))?),
        base_url: Some(base_url(form)?),
        api_key: form.secret("provider_key").map(Some),
        aliases: Some(aliases(form)?),
        priority: Some(priority(form)?),
        weight: Some(weight(form)?),
        expected_version: form.version(),
    })
}

/// A form that shows one as it is; its secret stays where it is.
pub fn filled(credential: &Credential) -> Form {
    let aliases: Vec<_> = credential.aliases.0.iter().map(|(name, model)| format!("{name}={model}")).collect();
    Form::filled([
        ("name", credential.name.to_string()),
        ("base_url", credential.base_url.as_ref().map(|url| url.as_str().to_owned()).unwrap_or_default()),
        ("aliases", aliases.join("\n")),
        ("priority", credential.priority.to_string()),
        ("weight", credential.weight.get().to_string()),
        ("version", credential.version.to_string()),
    ])
}

fn base_url(form: &Form) -> Result<Option<BaseUrl>, Invalid> {
    form.optional("base_url").map(|url| BaseUrl::parse("base_url", url)).transpose()
}

fn priority(form: &Form) -> Result<i32, Invalid> {
    let Some(text) = form.optional("priority") else { return Ok(0) };
    text.parse().map_err(|_| Invalid::new("priority", "Give a whole number; lower is asked first."))
}

fn weight(form: &Form) -> Result<Weight, Invalid> {
    let Some(text) = form.optional("weight") else { return Ok(Weight::default()) };
    let number = text.parse().map_err(|_| Invalid::new("weight", "Give a whole number, 1 to 1000."))?;
    Weight::parse("weight", number)
}

fn aliases(form: &Form) -> Result<Aliases, Invalid> {
    let mut aliases = BTreeMap::new();
    for line in form.text("aliases").lines().filter(|line| !line.trim().is_empty()) {
        let (name, model) = line
            .split_once('=')
            .ok_or_else(|| Invalid::new("aliases", "Write one alias a line, such as fast=gpt-4o-mini."))?;
        aliases.insert(name.trim().to_owned(), model.trim().to_owned());
    }
    Aliases::parse("aliases", aliases)
}
