//! Model aliases of projects.

use keyward_domain::{
    id::{CredentialId, ModelAliasId, OrganizationId, ProjectId},
    model_alias::{AliasTarget, ModelAlias},
    page::{Cursor, Order, Page},
    weight::Weight,
};
use keyward_store::model_alias;

use crate::support::{Database, add_organization, add_project, moment, uuid};

contract!(an_alias_is_its_projects_own, a_name_is_a_projects_once);

fn new(place: (OrganizationId, ProjectId), number: u64, name: &str) -> ModelAlias {
    let target = AliasTarget {
        model: "openai/gpt \"4o\"".to_owned(),
        credential_id: Some(CredentialId::from_uuid(uuid(77))),
        priority: -1,
        weight: Weight::parse("weight", 3).unwrap(),
    };
    let other = AliasTarget { credential_id: None, ..target.clone() };
    ModelAlias {
        id: ModelAliasId::from_uuid(uuid(number)),
        organization: place.0,
        project: place.1,
        name: name.to_owned(),
        targets: vec![target, other],
        created_at: moment(1),
        updated_at: moment(2),
        version: 1,
    }
}

async fn an_alias_is_its_projects_own(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    let place = (own, project);
    let (one, two, elsewhere) = (new(place, 10, "smart"), new(place, 11, "fast"), new((own, second), 12, "smart"));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for alias in [&one, &two, &elsewhere] {
        model_alias::insert(conn, alias).await.unwrap();
    }
    let targets = two.targets[1..].to_vec();
    let changed = ModelAlias { name: "Fast".to_owned(), targets, version: 2, updated_at: moment(9), ..two.clone() };
    model_alias::update(conn, &changed).await.unwrap();
    assert_eq!(model_alias::find(conn, place, two.id).await.unwrap(), Some(changed.clone()));
    for wrong in [(own, second), (other, project)] {
        assert_eq!(model_alias::find(conn, wrong, two.id).await.unwrap(), None);
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    let listed = model_alias::list(conn, place, &page).await.unwrap().unwrap();
    assert_eq!(listed.data, [one.clone(), changed.clone()]);
    let foreign = Page { cursor: Some(Cursor::After(elsewhere.id)), ..page };
    assert!(model_alias::list(conn, place, &foreign).await.unwrap().is_err());
    assert_eq!(model_alias::count(conn, place).await.unwrap(), 2);
    assert_eq!(model_alias::of_project(conn, project).await.unwrap(), [one.clone(), changed.clone()]);
    assert_eq!(model_alias::all(conn).await.unwrap(), [one.clone(), changed, elsewhere]);

    model_alias::delete(conn, other, one.id).await.unwrap();
    assert!(model_alias::find(conn, place, one.id).await.unwrap().is_some());
    model_alias::delete(conn, own, one.id).await.unwrap();
    assert!(model_alias::find(conn, place, one.id).await.unwrap().is_none());
    transaction.commit().await.unwrap();
}

async fn a_name_is_a_projects_once(database: &Database) {
    let organization = add_organization(database, 1).await;
    let place = (organization, add_project(database, organization, 3).await.id);
    let mut transaction = database.begin().await;
    model_alias::insert(&mut transaction.conn(), &new(place, 10, "smart")).await.unwrap();
    model_alias::insert(&mut transaction.conn(), &new(place, 11, "Smart")).await.unwrap();
    transaction.commit().await.unwrap();
    let mut transaction = database.begin().await;
    let again = model_alias::insert(&mut transaction.conn(), &new(place, 12, "smart")).await;
    assert!(model_alias::name_is_taken(&again.unwrap_err()));
}
