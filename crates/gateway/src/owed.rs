//! Use that is told after the call has ended that began it: by a batch that is
//! done, and by a response that was made in the background. It is the use of the
//! key that began it, whoever reads it.
//!
//! Each answer that tells it leaves a record, which names the resource: it may be
//! read often and on several nodes, and who drains the journals counts it once.
//! No limit and no budget is charged here: a response's were when it began, and a
//! batch has none.

use keyward_access::{CredentialEntry, KeyEntry};
use keyward_domain::{
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, ProviderResourceId},
    provider::Provider,
    provider_resource::ProviderResource,
    usage::CallKind,
};
use keyward_provider::{Usage, batch::BatchUse};
use keyward_telemetry::journal::{ModelName, UsageRecord};

use crate::{item, settle::Ledger};

/// Whose use an answer may tell.
pub(crate) struct Debt {
    resource: ProviderResourceId,
    key: ApiKeyId,
    project: ProjectId,
    organization: OrganizationId,
    credential: CredentialId,
    provider: Provider,
    /// Empty where the answer names it.
    model: String,
}

impl Debt {
    /// That of a resource of the reader's project, if it is owed still.
    pub(crate) fn of(reader: &KeyEntry, credential: &CredentialEntry, resource: &ProviderResource) -> Option<Self> {
        let owed = resource.owed.as_ref()?;
        Some(Self {
            resource: owed.resource,
            key: owed.key,
            project: reader.project.id,
            organization: reader.project.organization,
            credential: credential.id,
            provider: credential.provider,
            model: owed.model.clone(),
        })
    }

    /// A response says what it used.
    pub(crate) fn response(&self, ledger: &Ledger, usage: &Usage) {
        self.tell(ledger, usage, &self.model, UsageRecord::default());
    }

    /// A batch passes by: counted if it is done, and says what it used.
    pub(crate) fn batch(&self, ledger: &Ledger, object: &[u8]) {
        let Some(batch) = BatchUse::read(object) else { return };
        let kind = batch.operation.map_or(CallKind::Other, item::kind);
        let record = UsageRecord { kind, batch_calls: batch.calls, ..UsageRecord::default() };
        self.tell(ledger, &batch.usage, &batch.model, record);
    }

    fn tell(&self, ledger: &Ledger, usage: &Usage, model: &str, record: UsageRecord) {
        let record = UsageRecord {
            api_key: self.key.uuid(),
            project: self.project.uuid(),
            credential: Some(self.credential.uuid()),
            model: ModelName::of(self.provider.as_str(), model),
            resource: Some(self.resource.uuid()),
            ..record
        };
        let cost_nanos = ledger.pricing.cost((self.organization, self.provider), &record, usage);
        ledger.append_surely(&UsageRecord { cost_nanos, ..item::with_use(record, usage) });
    }
}
