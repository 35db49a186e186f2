//! What providers keep for projects: found by the project that made it alone,
//! listed in the order of its making.

use keyward_domain::{
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, ProviderResourceId},
    provider_resource::{ProviderResource, ResourceKind, ResourcesOf},
};
use keyward_store::provider_resource;

use crate::support::{Database, add_organization, add_project, uuid};

contract!(a_resource_is_found_by_its_own_project_alone, lists_go_both_ways_and_on_from_any_of_theirs);

fn resource(id: &str, credential: u64) -> ProviderResource {
    ProviderResource { id: id.to_owned(), credential: CredentialId::from_uuid(uuid(credential)) }
}

async fn keep(database: &Database, number: u64, of: ResourcesOf, resource: &ProviderResource) {
    let mut transaction = database.begin().await;
    let (id, key) = (ProviderResourceId::from_uuid(uuid(number)), ApiKeyId::from_uuid(uuid(9)));
    provider_resource::insert(&mut transaction.conn(), id, of, resource, key, 5).await.unwrap();
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
