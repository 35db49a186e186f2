//! Whose a provider's files, batches and responses are: written down when the
//! gateway sees one made. No audit events: they are calls, not changes.

use std::{future::Future, pin::Pin};

use keyward_access::{ResourceStore, ResourcesUnavailable};
use keyward_domain::{
    clock::to_millis,
    provider_resource::{NewResource, ProviderResource, ResourcesOf},
};
use keyward_store::{StoreError, provider_resource};

use crate::Keyward;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ResourcesUnavailable>> + Send + 'a>>;

impl ResourceStore for Keyward {
    fn record(&self, of: ResourcesOf, made: NewResource) -> Answer<'_, ()> {
        Box::pin(async move {
            let at = to_millis(self.clock.now());
            let mut connection = self.pool.write().await.map_err(unavailable)?;
            provider_resource::insert(&mut connection.conn(), of, &made, at).await.map_err(unavailable)
        })
    }

    fn find<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Answer<'a, Option<ProviderResource>> {
        Box::pin(async move {
            let mut connection = self.pool.read().await.map_err(unavailable)?;
            provider_resource::find(&mut connection.conn(), of, id).await.map_err(unavailable)
        })
    }

    fn list<'a>(
        &'a self,
        of: ResourcesOf,
        after: Option<&'a str>,
        limit: u32,
        rising: bool,
    ) -> Answer<'a, Vec<ProviderResource>> {
        Box::pin(async move {
            let mut connection = self.pool.read().await.map_err(unavailable)?;
            provider_resource::list(&mut connection.conn(), of, after, limit, rising).await.map_err(unavailable)
        })
    }

    fn forget<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut connection = self.pool.write().await.map_err(unavailable)?;
            provider_resource::delete(&mut connection.conn(), of, id).await.map_err(unavailable)
        })
    }
}

fn unavailable(error: StoreError) -> ResourcesUnavailable {
    tracing::warn!(%error, "it can't be looked up or kept whose a provider's resource is");
    ResourcesUnavailable
}
