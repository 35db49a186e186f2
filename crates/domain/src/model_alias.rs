//! A project's own name for one or several models: calls that name it go to one
//! of its targets, and to the next when that fails.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    Invalid,
    id::{CredentialId, ModelAliasId, OrganizationId, ProjectId},
    name::free_text,
    weight::Weight,
};

/// Most aliases of one project.
pub const MAX_ALIASES_PER_PROJECT: usize = 100;
/// Most targets of one alias.
pub const MAX_TARGETS: usize = 20;
/// Longest name of an alias or a model, in characters.
const MAX_CHARS: usize = 200;

/// One model that an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasTarget {
    /// As a call names it: `provider/model`, or a bare name.
    pub model: String,
    /// The one credential to use; `None`: those that serve the model.
    #[serde(default, deserialize_with = "stored_id")]
    pub credential_id: Option<CredentialId>,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among equals.
    pub weight: Weight,
}

/// A project's model alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelAlias {
    /// Its id.
    pub id: ModelAliasId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Whose calls it is for.
    #[serde(skip)]
    pub project: ProjectId,
    /// What calls name; unique in its project.
    pub name: String,
    /// What it stands for; at least one.
    pub targets: Vec<AliasTarget>,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

impl ModelAlias {
    /// Reads its name.
    pub fn parse_name(text: &str) -> Result<String, Invalid> {
        model_name("name", text)
    }

    /// Checks its targets.
    pub fn check_targets(targets: Vec<AliasTarget>) -> Result<Vec<AliasTarget>, Invalid> {
        if !(1..=MAX_TARGETS).contains(&targets.len()) {
            let message = format!("An alias stands for 1 to {MAX_TARGETS} models; {} were given.", targets.len());
            return Err(Invalid::new("targets", message));
        }
        for (at, target) in targets.iter().enumerate() {
            let is_same =
                |other: &AliasTarget| (&other.model, other.credential_id) == (&target.model, target.credential_id);
            if targets.iter().take(at).any(is_same) {
                let message = format!("{} stands here twice. Give one of them a higher weight instead.", target.model);
                return Err(Invalid::new(format!("targets[{at}].model"), message));
            }
        }
        Ok(targets)
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

impl AliasTarget {
    /// Reads its model, the field `param`.
    pub fn parse_model(param: &str, text: &str) -> Result<String, Invalid> {
        model_name(param, text)
    }
}

fn stored_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<CredentialId>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(|_| D::Error::custom("it is no credential's id"))).transpose()
}

fn model_name(param: &str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(param, format!("{param} is empty: give a model's name.")));
    }
    free_text(param, text, MAX_CHARS)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(model: &str) -> AliasTarget {
        AliasTarget { model: model.to_owned(), credential_id: None, priority: 0, weight: Weight::default() }
    }

    #[test]
    fn an_alias_has_a_name_and_one_to_twenty_different_targets() {
        assert_eq!(ModelAlias::parse_name(" smart "), Ok("smart".to_owned()));
        for wrong in ["", " ", "a\u{7}b", &"x".repeat(201)] {
            assert_eq!(ModelAlias::parse_name(wrong).unwrap_err().param, "name", "{wrong}");
        }
        let many: Vec<_> = (0..21).map(|number| target(&format!("m{number}"))).collect();
        assert_eq!(ModelAlias::check_targets(many[..20].to_vec()).unwrap().len(), 20);
        for wrong in [Vec::new(), many] {
            assert_eq!(ModelAlias::check_targets(wrong).unwrap_err().param, "targets");
        }
        let other = AliasTarget { credential_id: Some(CredentialId::from_uuid(uuid::Uuid::nil())), ..target("a") };
        assert!(ModelAlias::check_targets(vec![target("a"), other]).is_ok());
        let twice = ModelAlias::check_targets(vec![target("a"), target("b"), target("a")]);
        assert_eq!(twice.unwrap_err().param, "targets[2].model");
    }
}
