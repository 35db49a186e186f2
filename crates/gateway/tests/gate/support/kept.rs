//! Whose the providers' resources are, in memory; it can be out of reach.

use std::{
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use keyward_access::{ResourceStore, ResourcesUnavailable};
use keyward_domain::{
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, ProviderResourceId},
    provider_resource::{NewResource, Owed, ProviderResource, ResourceKind, ResourcesOf},
};
use uuid::Uuid;

#[derive(Default)]
pub struct Kept {
    rows: Mutex<Vec<(ResourcesOf, ProviderResource)>>,
    down: AtomicBool,
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, ResourcesUnavailable>> + Send + 'a>>;

impl Kept {
    /// The test's one project.
    pub fn of(kind: ResourceKind) -> ResourcesOf {
        let organization = OrganizationId::from_uuid(Uuid::from_u128(1));
        ResourcesOf { organization, project: ProjectId::from_uuid(Uuid::from_u128(2)), kind }
    }

    /// Another project of the same organization.
    pub fn of_others(kind: ResourceKind) -> ResourcesOf {
        ResourcesOf { project: ProjectId::from_uuid(Uuid::from_u128(3)), ..Self::of(kind) }
    }

    pub fn put(&self, of: ResourcesOf, id: &str, credential: CredentialId) {
        self.rows.lock().unwrap().push((of, ProviderResource { id: id.to_owned(), credential, owed: None }));
    }

    /// The same of one whose use is told later.
    pub fn put_owing(&self, of: ResourcesOf, id: &str, credential: CredentialId, (key, model): (ApiKeyId, &str)) {
        let resource = ProviderResourceId::from_uuid(Uuid::from_u128(77));
        let owed = Some(Owed { resource, key, model: model.to_owned() });
        self.rows.lock().unwrap().push((of, ProviderResource { id: id.to_owned(), credential, owed }));
    }

    /// What is owed of the resource with that id.
    pub fn owed(&self, id: &str) -> Option<Owed> {
        self.rows.lock().unwrap().iter().find(|(_, row)| row.id == id).unwrap().1.owed.clone()
    }

    /// Its use is counted.
    pub fn count(&self, id: &str) {
        self.rows.lock().unwrap().iter_mut().find(|(_, row)| row.id == id).unwrap().1.owed = None;
    }

    /// Every id, with its kind.
    pub fn ids(&self) -> Vec<(ResourceKind, String)> {
        self.rows.lock().unwrap().iter().map(|(of, resource)| (of.kind, resource.id.clone())).collect()
    }

    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn answer<T>(
        &self,
        answer: impl FnOnce(&mut Vec<(ResourcesOf, ProviderResource)>) -> T,
    ) -> Result<T, ResourcesUnavailable> {
        if self.down.load(Ordering::SeqCst) {
            return Err(ResourcesUnavailable);
        }
        Ok(answer(&mut self.rows.lock().unwrap()))
    }
}

impl ResourceStore for Kept {
    fn record(&self, of: ResourcesOf, made: NewResource) -> Pending<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.answer(|rows| {
                let NewResource { resource, id, credential, key, owes } = made;
                if !rows.iter().any(|(known, row)| *known == of && row.id == id) {
                    let owed = owes.map(|model| Owed { resource, key, model });
                    rows.push((of, ProviderResource { id, credential, owed }));
                }
            })
        })
    }

    fn find<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Pending<'a, Option<ProviderResource>> {
        Box::pin(async move {
            self.answer(|rows| {
                rows.iter().find(|(known, row)| *known == of && row.id == id).map(|(_, row)| row.clone())
            })
        })
    }

    fn list<'a>(
        &'a self,
        of: ResourcesOf,
        after: Option<&'a str>,
        limit: u32,
        rising: bool,
    ) -> Pending<'a, Vec<ProviderResource>> {
        Box::pin(async move {
            self.answer(|rows| {
                let own = rows.iter().filter(|(known, _)| *known == of).map(|(_, row)| row.clone());
                let mut own: Vec<_> = own.collect();
                if !rising {
                    own.reverse();
                }
                let from = after.map_or(0, |after| own.iter().position(|row| row.id == after).unwrap() + 1);
                own.into_iter().skip(from).take(limit as usize).collect()
            })
        })
    }

    fn forget<'a>(&'a self, of: ResourcesOf, id: &'a str) -> Pending<'a, ()> {
        Box::pin(async move { self.answer(|rows| rows.retain(|(known, row)| !(*known == of && row.id == id))) })
    }
}
