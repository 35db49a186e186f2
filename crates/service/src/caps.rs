//! Who counts the calls of keys with a request cap: this process alone when
//! nobody else can use the database, else all processes in the database.

use std::{future::Future, pin::Pin, sync::Arc};

use keyward_access::{CapStore, CapUnavailable, RequestCaps};
use keyward_domain::id::ApiKeyId;
use keyward_store::{StoreError, api_key_usage};

use crate::Keyward;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CapUnavailable>> + Send + 'a>>;

impl Keyward {
    /// Who counts: for whoever serves calls.
    pub fn request_caps(&self) -> RequestCaps {
        if self.pool.is_shared() { RequestCaps::Shared(Arc::new(self.clone())) } else { RequestCaps::Local }
    }
}

impl CapStore for Keyward {
    fn reserve(&self, key: ApiKeyId, max: u64) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut connection = self.pool.write().await.map_err(unavailable)?;
            api_key_usage::reserve(&mut connection.conn(), key, max).await.map_err(unavailable)
        })
    }

    fn give_back(&self, key: ApiKeyId) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut connection = self.pool.write().await.map_err(unavailable)?;
            api_key_usage::give_back(&mut connection.conn(), key).await.map_err(unavailable)
        })
    }
}

fn unavailable(error: StoreError) -> CapUnavailable {
    tracing::warn!(%error, "a call of a key with a request cap can't be counted");
    CapUnavailable
}
