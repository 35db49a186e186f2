//! Which of a provider's resources belong to which project. The gateway asks
//! before it lets a call near one, and tells of each that is made.

use std::{future::Future, pin::Pin};

use keyward_domain::provider_resource::{NewResource, ProviderResource, ResourcesOf};

/// What belongs to whom can't be looked up or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it can't be looked up whose a provider's resource is")]
pub struct ResourcesUnavailable;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ResourcesUnavailable>> + Send + 'a>>;

/// Where it is written down.
pub trait ResourceStore: Send + Sync {
    /// Keeps what was made; what is known stays as it is.
    fn record(&self, of: ResourcesOf, made: NewResource) -> Answer<'_, ()>;

    /// The project's resource of that id.
    fn find<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Answer<'a, Option<ProviderResource>>;

    /// At most `limit` of them behind the one whose id is `after`: the newest
    /// first, or `rising`.
    fn list<'a>(
        &'a self,
        of: ResourcesOf,
        after: Option<&'a str>,
        limit: u32,
        rising: bool,
    ) -> Answer<'a, Vec<ProviderResource>>;

    /// Forgets one that isn't there any more.
    fn forget<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Answer<'a, ()>;
}
