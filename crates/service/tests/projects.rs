//! Projects: what people do to them, and what stays.
#![cfg(test)]

mod support;

use keyward_domain::permission::Permission;
use keyward_service::{
    Error,
    project::{self, CreateProject, UpdateProject},
};
use support::{House, idempotency, name};

fn new(text: &str) -> CreateProject {
    CreateProject {
        name: name(text),
        description: String::new(),
        model_permissions: None,
        credential: None,
        idempotency: None,
    }
}

#[tokio::test]
async fn a_project_is_in_the_index_when_its_creation_answers_and_after_a_restart() {
    let house = House::new().await;
    let project = house.project("Search").await;
    assert!(house.keyward.index().project(project.id).unwrap().state.load().active);
    let house = house.reopened().await;
    assert!(house.keyward.index().project(project.id).unwrap().state.load().active);
}

#[tokio::test]
async fn a_taken_name_is_refused_within_one_organization_only() {
    let house = House::new().await;
    house.project("Search").await;
    let refused = project::create(&house.keyward, &house.owner(), new("Search")).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "name_taken", .. })), "{refused:?}");
    let stranger = house.stranger("Second").await;
    house.project_of(&stranger, "Search").await;
}

#[tokio::test]
async fn another_organizations_project_is_not_there() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let stranger = house.stranger("Second").await;
    let answers = [
        project::find(&house.keyward, &stranger, project.id).await,
        project::update(&house.keyward, &stranger, project.id, UpdateProject::default()).await,
        project::deactivate(&house.keyward, &stranger, project.id, false, None).await,
    ];
    for answer in answers {
        assert!(matches!(answer, Err(Error::NotFound("project"))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let rename = |text: &str| UpdateProject {
        name: Some(name(text)),
        expected_version: Some(project.version),
        ..UpdateProject::default()
    };
    let renamed = project::update(&house.keyward, &house.owner(), project.id, rename("Find")).await.unwrap();
    assert_eq!(renamed.project.version, 2);
    let stale = project::update(&house.keyward, &house.owner(), project.id, rename("Look")).await;
    assert!(matches!(stale, Err(Error::Stale { present: 2 })), "{stale:?}");
    let found = project::find(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!(found.project.name.as_str(), "Find");
}

#[tokio::test]
async fn the_same_creating_request_creates_once() {
    let house = House::new().await;
    let create = |text: &str, request| CreateProject { idempotency: idempotency("once", request), ..new(text) };
    let made = project::create(&house.keyward, &house.owner(), create("Search", 1)).await.unwrap().project;
    let again = project::create(&house.keyward, &house.owner(), create("Search", 1)).await;
    assert!(matches!(&again, Err(Error::Replayed { made: id }) if *id == made.id.to_string()), "{again:?}");
    let other = project::create(&house.keyward, &house.owner(), create("Find", 2)).await;
    assert!(matches!(&other, Err(Error::Invalid(invalid)) if invalid.code == "idempotency_key_reused"), "{other:?}");
    house.clock.advance(std::time::Duration::from_secs(24 * 3600 + 1));
    project::create(&house.keyward, &house.owner(), create("Find", 2)).await.unwrap();
}

#[tokio::test]
async fn deactivation_is_in_force_when_it_answers_and_twice_is_no_error() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let index = house.keyward.index().clone();
    for _ in 0..2 {
        let details = project::deactivate(&house.keyward, &house.owner(), project.id, false, None).await.unwrap();
        assert_eq!(details.project.version, 2);
        assert!(!index.project(project.id).unwrap().state.load().active);
    }
    project::activate(&house.keyward, &house.owner(), project.id, None).await.unwrap();
    assert!(index.project(project.id).unwrap().state.load().active);
}

#[tokio::test]
async fn who_lacks_the_permission_is_refused_before_anything_is_looked_up() {
    let house = House::new().await;
    let reader = house.holder_of(&[Permission::ProjectRead]);
    let denied = project::create(&house.keyward, &reader, new("Search")).await;
    assert!(matches!(denied, Err(Error::Denied(denied)) if denied.permission == Permission::ProjectsCreate));
}
