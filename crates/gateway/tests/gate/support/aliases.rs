//! A project's own names for models.

use keyward_domain::{
    Clock as _,
    id::{CredentialId, ModelAliasId},
    model_alias::{AliasTarget, ModelAlias},
    weight::Weight,
};

use super::Gate;

impl Gate {
    /// Gives the project a name for models: `(model, priority, credential)`.
    pub fn put_alias(&self, name: &str, targets: &[(&str, i32, CredentialId)]) {
        let now = self.clock.now();
        let target = |(model, priority, credential): &(&str, i32, CredentialId)| AliasTarget {
            model: (*model).to_owned(),
            credential_id: Some(*credential),
            priority: *priority,
            weight: Weight::default(),
        };
        let alias = ModelAlias {
            id: ModelAliasId::from_uuid(self.next_id()),
            organization: self.project.organization,
            project: self.project.id,
            name: name.to_owned(),
            targets: targets.iter().map(target).collect(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.index.put_model_aliases(self.project.id, self.project.organization, vec![alias]);
    }
}
