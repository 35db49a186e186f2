//! What providers keep for projects: found by the project that made it alone,
//! listed in the order of its making.

use keyward_domain::{
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, ProviderResourceId},
    provider_resource::{NewResource, Owed, ProviderResource, ResourceKind, ResourcesOf},
};
use keyward_store::provider_resource;

use crate::support::{Database, add_organization, add_project, uuid};

contract!(
    a_resource_is_found_by_its_own_project_alone,
    lists_go_both_ways_and_on_from_any_of_theirs,
    what_is_owed_is_counted_once_whoever_comes_first,
);

fn resource(id: &str, credential: u64) -> ProviderResource {
    ProviderResource { id: id.to_owned(), credential: CredentialId::from_uuid(uuid(credential)), owed: None }
}

async fn keep(database: &Database, number: u64, of: ResourcesOf, resource: &ProviderResource) {
    let ProviderResource { id, credential, owed } = resource.clone();
    let owes = owed.map(|owed| owed.model);
    let (resource, key) = (ProviderResourceId::from_uuid(uuid(number)), ApiKeyId::from_uuid(uuid(9)));
    let mut transaction = database.begin().await;
    let made = NewResource { resource, id, credential, key, owes };
    provider_resource::insert(&mut transaction.conn(), of, &made, 5).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn files(database: &Database) -> ResourcesOf {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await.id;
    ResourcesOf { organization, project, kind: ResourceKind::File }
}

async fn a_resource_is_found_by_its_own_project_alone(database: &Database) {
    let mine = files(database).await;
    let made = resource("file-a", 50);
    keep(database, 100, mine, &made).await;
    keep(database, 101, mine, &resource("file-a", 51)).await;
    let find = async |of: ResourcesOf, id: &str| {
        provider_resource::find(&mut database.read().await.conn(), of, id).await.unwrap()
    };
    assert_eq!(find(mine, "file-a").await, Some(made.clone()), "the first stays");
    assert_eq!(find(mine, "FILE-A").await, None);

    let other = ResourcesOf { project: add_project(database, mine.organization, 3).await.id, ..mine };
    let batches = ResourcesOf { kind: ResourceKind::Batch, ..mine };
    let elsewhere = ResourcesOf { organization: OrganizationId::from_uuid(uuid(77)), ..mine };
    let nowhere = ResourcesOf { project: ProjectId::from_uuid(uuid(78)), ..mine };
    for of in [other, batches, elsewhere, nowhere] {
        assert_eq!(find(of, "file-a").await, None, "{of:?}");
        let mut transaction = database.begin().await;
        provider_resource::delete(&mut transaction.conn(), of, "file-a").await.unwrap();
        transaction.commit().await.unwrap();
    }
    // The same id of another project's provider is another thing.
    keep(database, 102, other, &resource("file-a", 52)).await;
    assert_eq!(find(mine, "file-a").await, Some(made));
    assert_eq!(find(other, "file-a").await, Some(resource("file-a", 52)));

    let mut transaction = database.begin().await;
    provider_resource::delete(&mut transaction.conn(), mine, "file-a").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(find(mine, "file-a").await, None);
    assert!(find(other, "file-a").await.is_some());
}

async fn lists_go_both_ways_and_on_from_any_of_theirs(database: &Database) {
    let of = files(database).await;
    let other = ResourcesOf { project: add_project(database, of.organization, 3).await.id, ..of };
    for (number, id) in [(100, "z"), (101, "a"), (102, "m")] {
        keep(database, number, of, &resource(id, 50)).await;
    }
    keep(database, 103, other, &resource("theirs", 50)).await;
    let list = async |of: ResourcesOf, after: Option<&str>, limit: u32, rising: bool| {
        let mut connection = database.read().await;
        let found = provider_resource::list(&mut connection.conn(), of, after, limit, rising).await.unwrap();
        found.into_iter().map(|resource| resource.id).collect::<Vec<_>>()
    };
    assert_eq!(list(of, None, 10, false).await, ["m", "a", "z"]);
    assert_eq!(list(of, None, 2, true).await, ["z", "a"]);
    assert_eq!(list(of, Some("a"), 10, false).await, ["z"]);
    assert_eq!(list(of, Some("a"), 10, true).await, ["m"]);
    for unknown in ["theirs", "nothing"] {
        assert!(list(of, Some(unknown), 10, false).await.is_empty(), "{unknown}");
    }
    let elsewhere = ResourcesOf { organization: OrganizationId::from_uuid(uuid(77)), ..of };
    assert!(list(elsewhere, None, 10, true).await.is_empty());
}

async fn what_is_owed_is_counted_once_whoever_comes_first(database: &Database) {
    let of = ResourcesOf { kind: ResourceKind::Response, ..files(database).await };
    let owing = |number: u64, model: &str| {
        let (resource, key) = (ProviderResourceId::from_uuid(uuid(number)), ApiKeyId::from_uuid(uuid(9)));
        Some(Owed { resource, key, model: model.to_owned() })
    };
    let first = ProviderResource { owed: owing(100, "gpt-4o"), ..resource("a", 50) };
    let second = ProviderResource { owed: owing(101, ""), ..resource("b", 50) };
    for (number, made) in [(100, &first), (101, &second), (102, &resource("c", 50))] {
        keep(database, number, of, made).await;
    }
    let list = async |rising: bool| {
        provider_resource::list(&mut database.read().await.conn(), of, None, 9, rising).await.unwrap()
    };
    assert_eq!(list(true).await, [first.clone(), second.clone(), resource("c", 50)]);
    assert_eq!(list(false).await, [resource("c", 50), second.clone(), first.clone()]);

    // As several nodes drain what each of them was told.
    let neighbour = database.neighbour().await;
    let count = async |pool: &keyward_store::Pool| {
        let mut transaction = pool.begin().await.unwrap();
        let new = provider_resource::count(&mut transaction.conn(), ProviderResourceId::from_uuid(uuid(100)), 7).await;
        let new = new.unwrap();
        tokio::task::yield_now().await;
        transaction.commit().await.unwrap();
        new
    };
    let counted = tokio::join!(count(&database.pool), count(&neighbour), count(&database.pool), count(&neighbour));
    let counted = <[bool; 4]>::from(counted);
    assert_eq!(counted.into_iter().filter(|new| *new).count(), 1, "{counted:?}");
    let find = async |id: &str| provider_resource::find(&mut database.read().await.conn(), of, id).await.unwrap();
    assert_eq!(find("a").await, Some(resource("a", 50)), "nothing is owed any more");
    assert_eq!(find("b").await, Some(second));
    assert_eq!(list(true).await[0], resource("a", 50));

    // One that is given up again counts the next time, one that is gone as well.
    let mut transaction = database.begin().await;
    let id = ProviderResourceId::from_uuid(uuid(101));
    assert!(provider_resource::count(&mut transaction.conn(), id, 7).await.unwrap());
    drop(transaction);
    let mut transaction = database.begin().await;
    provider_resource::delete(&mut transaction.conn(), of, "b").await.unwrap();
    assert!(provider_resource::count(&mut transaction.conn(), id, 7).await.unwrap());
    assert!(!provider_resource::count(&mut transaction.conn(), id, 8).await.unwrap());
    transaction.commit().await.unwrap();
    neighbour.close().await;
}
