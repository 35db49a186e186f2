//! Asking providers for their models, for the test of a credential: the port
//! that the service leaves open, filled with the provider client.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_provider::{Target, Upstream, models};
use keyward_service::credential::{ModelListAnswer, ModelListError, ModelLister};

/// Asks over the provider client.
pub struct ProviderModels(pub Arc<Upstream>);

impl ModelLister for ProviderModels {
    fn list<'a>(&'a self, credential: &'a CredentialEntry) -> ModelListAnswer<'a> {
        Box::pin(async move {
            let target = Target::new(credential.provider, credential.base_url.as_deref(), credential.secret.as_ref())
                .map_err(|_| ModelListError::Unreachable)?;
            self.0.models(&target).await.map_err(|error| match error {
                models::ModelListError::Rejected(_) => ModelListError::Rejected,
                models::ModelListError::Unreachable => ModelListError::Unreachable,
                models::ModelListError::Blocked => ModelListError::Blocked,
                models::ModelListError::TimedOut => ModelListError::TimedOut,
                models::ModelListError::NotAList(_) => ModelListError::NotAList,
            })
        })
    }
}
