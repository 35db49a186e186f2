//! A model alias as it is answered, and its targets as they are sent.

use keyward_domain::{
    Invalid,
    model_alias::{AliasTarget, ModelAlias},
    weight::Weight,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list::HasId;

/// A model alias of a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelAliasObject {
    /// Always `organization.project.model_alias`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What calls name; unique in its project.
    pub name: String,
    /// What it stands for.
    pub targets: Vec<AliasTargetObject>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

/// One model that an alias stands for.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliasTargetObject {
    /// `provider/model`, or a bare name.
    pub model: String,
    /// The one credential to use; null: those that serve the model.
    pub credential_id: Option<String>,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among targets of the same priority: 1 to 1000.
    pub weight: u16,
}

/// One model that an alias is to stand for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasTargetBody {
    /// `provider/model`, or a bare name, as a call would name it.
    pub model: String,
    /// The one credential to use; null: those that serve the model.
    #[serde(default)]
    pub credential_id: Option<String>,
    /// Lower is asked first; 0 unless given.
    #[serde(default)]
    pub priority: Option<i32>,
    /// Its share of the calls among targets of the same priority: 1 to 1000, 1 unless given.
    #[serde(default)]
    pub weight: Option<i64>,
}

/// Reads all targets.
pub fn read_targets(targets: Vec<AliasTargetBody>) -> Result<Vec<AliasTarget>, Invalid> {
    let read = |(at, target): (usize, AliasTargetBody)| {
        let field = |name: &str| format!("targets[{at}].{name}");
        let credential = |text: String| {
            text.parse().map_err(|_| {
                Invalid::new(field("credential_id"), format!("{text} is no credential's id: those begin with cred_."))
            })
        };
        Ok(AliasTarget {
            model: AliasTarget::parse_model(&field("model"), &target.model)?,
            credential_id: target.credential_id.map(credential).transpose()?,
            priority: target.priority.unwrap_or_default(),
            weight: match target.weight {
                Some(weight) => Weight::parse(&field("weight"), weight)?,
                None => Weight::default(),
            },
        })
    };
    targets.into_iter().enumerate().map(read).collect()
}

impl HasId for ModelAliasObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<ModelAlias> for ModelAliasObject {
    fn from(alias: ModelAlias) -> Self {
        let target = |target: AliasTarget| AliasTargetObject {
            model: target.model,
            credential_id: target.credential_id.map(|id| id.to_string()),
            priority: target.priority,
            weight: target.weight.get(),
        };
        Self {
            object: "organization.project.model_alias",
            id: alias.id.to_string(),
            name: alias.name,
            targets: alias.targets.into_iter().map(target).collect(),
            created_at: alias.created_at.as_second(),
            updated_at: alias.updated_at.as_second(),
            version: alias.version,
        }
    }
}
