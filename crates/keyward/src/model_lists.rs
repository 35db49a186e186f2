//! Asking providers for their models, for the test of a credential: the port
//! that the service leaves open, filled with the provider client.

use std::sync::Arc;

use keyward_access::CredentialEntry;
use keyward_provider::{Target, Upstream, models};
use keyward_service::credential::{ModelListError, ModelLister, ModelNames};

/// Asks over the provider client.
pub struct ProviderModels(pub Arc<Upstream>);

impl ModelLister for ProviderModels {
    fn list<'a>(&'a self, credential: &'a CredentialEntry) -> ModelNames<'a> {
        Box::pin(async move {
            let target = Target::new(credential.provider, credential.base_url.as_deref(), credential.secret.as_ref())
                .map_err(|error| ModelListError::Unreachable(error.to_string()))?;
            self.0.models(&target).await.map_err(|error| match error {
                models::ModelListError::Rejected(_) => ModelListError::Rejected,
                models::ModelListError::Unreachable(why) => ModelListError::Unreachable(why),
                models::ModelListError::Blocked(why) => ModelListError::Blocked(why),
                models::ModelListError::TimedOut => ModelListError::TimedOut,
                models::ModelListError::NotAList(status) => {
                    ModelListError::NotAList(format!("status {}", status.as_u16()))
                }
            })
        })
    }
}
