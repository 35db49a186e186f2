//! The fields of an alias's form. Its targets stand one a line, with what is
//! said of them behind bars: `openai/gpt-4o | priority 1 | weight 3`.

use keyward_domain::{
    Invalid,
    model_alias::{AliasTarget, ModelAlias},
    weight::Weight,
};

use super::Credentials;
use crate::form::Form;

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[("name", "name"), ("targets", "targets")];

/// A form that shows an alias as it is.
pub fn filled(alias: &ModelAlias, credentials: &Credentials) -> Form {
    let lines: Vec<_> = alias.targets.iter().map(|target| line(target, credentials)).collect();
    Form::filled([("name", alias.name.clone()), ("targets", lines.join("\n")), ("version", alias.version.to_string())])
}

/// One target as it is written.
pub fn line(target: &AliasTarget, credentials: &Credentials) -> String {
    let mut line = target.model.clone();
    if target.priority != 0 {
        line += &format!(" | priority {}", target.priority);
    }
    if target.weight != Weight::default() {
        line += &format!(" | weight {}", target.weight.get());
    }
    if let Some(id) = target.credential_id {
        line += &format!(" | credential {}", credentials.name(id));
    }
    line
}

/// The targets as they were typed.
pub fn targets(form: &Form, credentials: &Credentials) -> Result<Vec<AliasTarget>, Invalid> {
    let lines = form.text("targets").lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| target(line, credentials)).collect()
}

fn target(line: &str, credentials: &Credentials) -> Result<AliasTarget, Invalid> {
    let wrong = |message: String| Invalid::new("targets", message);
    let mut parts = line.split('|').map(str::trim);
    let mut target = AliasTarget {
        model: AliasTarget::parse_model("targets", parts.next().unwrap_or_default())?,
        credential_id: None,
        priority: 0,
        weight: Weight::default(),
    };
    for part in parts {
        let (what, value) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let value = value.trim();
        match what {
            "priority" => {
                let number = value.parse();
                target.priority =
                    number.map_err(|_| wrong(format!("{part}: give a whole number, such as priority 1.")))?;
            }
            "weight" => {
                let number =
                    value.parse().map_err(|_| wrong(format!("{part}: give a whole number, such as weight 3.")))?;
                target.weight = Weight::parse("targets", number)?;
            }
            "credential" => {
                let found = credentials.find(value);
                let missing = || wrong(format!("{part}: the project has no credential of that name."));
                target.credential_id = Some(found.ok_or_else(missing)?);
            }
            _ => {
                let message = format!(
                    "{part}: behind a model may stand priority, weight or credential, such as gpt-4o | priority 1."
                );
                return Err(wrong(message));
            }
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<AliasTarget>, Invalid> {
        let mut form = Form::default();
        form.set("targets", text);
        targets(&form, &Credentials(Vec::new()))
    }

    #[test]
    fn what_is_typed_reads_back_as_it_is_shown() {
        let text = "openai/gpt-4o | priority 1 | weight 3\nclaude | priority -2\n\nllama |weight 2| credential cred_00000000000000000000000000000001";
        let targets = read(text).unwrap();
        let lines: Vec<_> = targets.iter().map(|target| line(target, &Credentials(Vec::new()))).collect();
        assert_eq!(
            lines,
            [
                "openai/gpt-4o | priority 1 | weight 3",
                "claude | priority -2",
                "llama | weight 2 | credential cred_00000000000000000000000000000001",
            ]
        );
        for wrong in ["| weight 1", "a | weight", "a | weight 0", "a | priority x", "a | credential Nobody", "a | b"] {
            assert_eq!(read(wrong).unwrap_err().param, "targets", "{wrong}");
        }
    }
}
