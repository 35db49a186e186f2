//! Credentials: who sees them, what calls use, and what is refused.
#![cfg(test)]

mod support;

use std::collections::BTreeMap;

use keyward_access::CredentialEntry;
use keyward_domain::{
    actor::Actor,
    credential::{Aliases, BaseUrl},
    id::{CredentialId, ProjectId},
    page::{Order, Page},
    permission::Permission,
    provider::Provider,
};
use keyward_service::{
    Error,
    credential::{
        self, CreateCredential, CredentialDetails, ListCredentials, NewCredential, UpdateCredential, create, delete,
        find, list, update,
    },
    project::{self, CreateProject},
};
use support::{House, idempotency, name, new_credential, used_by};

/// Makes a credential and answers its id.
async fn add(house: &House, project: Option<ProjectId>, credential: NewCredential) -> CredentialId {
    added(house, &house.owner(), project, credential).await.unwrap().credential.id
}

async fn added(
    house: &House,
    actor: &Actor,
    project: Option<ProjectId>,
    credential: NewCredential,
) -> keyward_service::Result<CredentialDetails> {
    create(&house.keyward, actor, CreateCredential { project, credential, idempotency: None }).await
}

fn ids(entries: &[std::sync::Arc<CredentialEntry>]) -> Vec<CredentialId> {
    entries.iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn a_credential_is_used_when_its_creation_answers_after_a_restart_and_on_another_node() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let project = house.project("Search").await.id;
    let aliases = BTreeMap::from([("fast".to_owned(), "gpt-4o-mini".to_owned())]);
    let new = NewCredential { aliases: Aliases(aliases.clone()), ..new_credential("sk-first-1234567890") };
    let id = add(&house, Some(project), new).await;

    // The other node's own change makes it read what came before.
    project::deactivate(&neighbour, &house.owner(), house.project("Other").await.id, false, None).await.unwrap();
    let elsewhere = used_by(&neighbour, project);
    let here = used_by(&house.keyward, project);
    let house = house.reopened().await;
    for entries in [here, elsewhere, used_by(&house.keyward, project)] {
        assert_eq!(ids(&entries), [id]);
        assert_eq!(entries[0].provider, Provider::OpenAi);
        assert_eq!(entries[0].base_url.as_deref(), Some("https://api.openai.com/v1"));
        assert_eq!(entries[0].aliases.0, aliases);
        assert_eq!(support::secret_of(&entries[0]), Some("sk-first-1234567890"));
    }
}

#[tokio::test]
async fn projects_inherit_the_organizations_credentials_in_the_order_to_be_asked() {
    let house = House::new().await;
    let before = house.project("Before").await.id;
    let inherited = add(&house, None, new_credential("sk-organization-12345")).await;
    let own = add(&house, Some(before), new_credential("sk-project-own-12345")).await;
    let urgent = NewCredential { priority: -1, ..new_credential("sk-urgent-1234567890") };
    let urgent = add(&house, None, urgent).await;
    let after = house.project("After").await.id;
    let stranger = house.stranger("Second").await;
    let foreign = house.project_of(&stranger, "Foreign").await.id;

    let expect = |keyward: &keyward_service::Keyward| {
        assert_eq!(ids(&used_by(keyward, before)), [urgent, own, inherited]);
        assert_eq!(ids(&used_by(keyward, after)), [urgent, inherited]);
        assert_eq!(ids(&used_by(keyward, foreign)), []);
    };
    expect(&house.keyward);
    let house = house.reopened().await;
    expect(&house.keyward);

    delete(&house.keyward, &house.owner(), None, urgent).await.unwrap();
    assert_eq!(ids(&used_by(&house.keyward, before)), [own, inherited]);
    assert_eq!(ids(&used_by(&house.keyward, after)), [inherited]);
    let again = delete(&house.keyward, &house.owner(), None, urgent).await;
    assert!(matches!(again, Err(Error::NotFound("credential"))), "{again:?}");
}

#[tokio::test]
async fn an_inherited_credential_is_seen_from_a_project_and_changed_at_the_organization() {
    let house = House::new().await;
    let (owner, project) = (house.owner(), house.project("Search").await.id);
    let inherited = add(&house, None, new_credential("sk-organization-12345")).await;
    let own = add(&house, Some(project), new_credential("sk-project-own-12345")).await;
    let page = Page { limit: 10, order: Order::Desc, cursor: None };
    let listed = async |project| {
        let listed = list(&house.keyward, &owner, ListCredentials { project, page: page.clone() }).await.unwrap();
        listed.data.iter().map(|seen| (seen.credential.id, seen.inherited)).collect::<Vec<_>>()
    };
    assert_eq!(listed(Some(project)).await, [(own, false), (inherited, true)]);
    assert_eq!(listed(None).await, [(inherited, false)]);
    assert!(find(&house.keyward, &owner, Some(project), inherited).await.unwrap().inherited);
    assert!(!find(&house.keyward, &owner, None, inherited).await.unwrap().inherited);

    let change = UpdateCredential { priority: Some(5), ..UpdateCredential::default() };
    let refused = update(&house.keyward, &owner, Some(project), inherited, change.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden { code: "credential_inherited", .. })), "{refused:?}");
    let refused = delete(&house.keyward, &owner, Some(project), inherited).await;
    assert!(matches!(refused, Err(Error::Forbidden { code: "credential_inherited", .. })), "{refused:?}");
    update(&house.keyward, &owner, None, inherited, change).await.unwrap();
}

#[tokio::test]
async fn nobody_sees_or_changes_what_belongs_elsewhere() {
    let house = House::new().await;
    let owner = house.owner();
    let (project, sibling) = (house.project("Search").await.id, house.project("Sibling").await.id);
    let own = add(&house, Some(project), new_credential("sk-project-own-12345")).await;
    let inherited = add(&house, None, new_credential("sk-organization-12345")).await;
    let stranger = house.stranger("Second").await;
    let strange_project = house.project_of(&stranger, "Strange").await.id;
    for (actor, project, id, missing) in [
        (&owner, Some(sibling), own, "credential"),
        (&owner, None, own, "credential"),
        (&owner, Some(strange_project), inherited, "project"),
        (&stranger, Some(project), own, "project"),
        (&stranger, Some(strange_project), own, "credential"),
        (&stranger, Some(strange_project), inherited, "credential"),
        (&stranger, None, inherited, "credential"),
    ] {
        let refusals = [
            find(&house.keyward, actor, project, id).await.map(drop),
            update(&house.keyward, actor, project, id, UpdateCredential::default()).await.map(drop),
            delete(&house.keyward, actor, project, id).await,
        ];
        for refusal in refusals {
            assert!(matches!(refusal, Err(Error::NotFound(what)) if what == missing), "{project:?} {id}: {refusal:?}");
        }
    }
    let refused = added(&house, &stranger, Some(project), new_credential("sk-abcdefgh12345")).await;
    assert!(matches!(refused, Err(Error::NotFound("project"))), "{refused:?}");
}

#[tokio::test]
async fn a_name_is_made_from_the_provider_unless_it_is_given() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let mut names = Vec::new();
    for _ in 0..3 {
        let made = added(&house, &house.owner(), Some(project), new_credential("sk-abcdefgh12345")).await.unwrap();
        names.push(made.credential.name.to_string());
    }
    assert_eq!(names, ["openai", "openai 2", "openai 3"]);

    let named = |text: &str| NewCredential { name: Some(name(text)), ..new_credential("sk-abcdefgh12345") };
    let refused = added(&house, &house.owner(), Some(project), named("openai 2")).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "name_taken", .. })), "{refused:?}");
    add(&house, None, named("openai 2")).await;
    let first = used_by(&house.keyward, project)[0].id;
    let rename = UpdateCredential { name: Some(name("openai 3")), ..UpdateCredential::default() };
    let refused = update(&house.keyward, &house.owner(), Some(project), first, rename).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "name_taken", .. })), "{refused:?}");
}

#[tokio::test]
async fn what_a_provider_cannot_work_with_is_refused_at_its_field() {
    let house = House::new().await;
    let address = BaseUrl::parse("base_url", "https://models.example/v1").unwrap();
    let new = |provider, base_url: Option<&BaseUrl>, secret: Option<&str>| NewCredential {
        provider,
        base_url: base_url.cloned(),
        api_key: secret.map(Into::into),
        ..new_credential("")
    };
    for (provider, base_url, secret, param) in [
        (Provider::OpenAi, None, None, "api_key"),
        (Provider::OpenAi, None, Some("sk-abcd...wxyz"), "api_key"),
        (Provider::OpenAi, None, Some("pk-abcdefgh12345"), "api_key"),
        (Provider::Anthropic, None, Some("sk-abcdefgh12345"), "api_key"),
        (Provider::AzureOpenAi, None, Some("0123456789abcdef"), "base_url"),
        (Provider::Vllm, None, None, "base_url"),
        (Provider::OpenAiCompatible, None, Some("anything"), "base_url"),
        (Provider::Demo, Some(&address), None, "base_url"),
    ] {
        let refused = added(&house, &house.owner(), None, new(provider, base_url, secret)).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == param), "{provider}: {refused:?}");
    }
    for (provider, base_url, secret) in [
        (Provider::Demo, None, None),
        (Provider::Ollama, None, None),
        (Provider::Vllm, Some(&address), None),
        (Provider::AzureOpenAi, Some(&address), Some("0123456789abcdef")),
    ] {
        added(&house, &house.owner(), None, new(provider, base_url, secret)).await.unwrap();
    }
    let vllm = ListCredentials { project: None, page: Page { limit: 2, order: Order::Desc, cursor: None } };
    let vllm = list(&house.keyward, &house.owner(), vllm).await.unwrap().data[1].credential.id;
    let nowhere = UpdateCredential { base_url: Some(None), ..UpdateCredential::default() };
    let refused = update(&house.keyward, &house.owner(), None, vllm, nowhere).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == "base_url"), "{refused:?}");
}

#[tokio::test]
async fn a_project_and_its_first_credential_are_made_together_or_not_at_all() {
    let house = House::new().await;
    let with = |text: &str, secret: &str| CreateProject {
        name: name(text),
        description: String::new(),
        model_permissions: None,
        credential: Some(new_credential(secret)),
        idempotency: None,
    };
    let refused = project::create(&house.keyward, &house.owner(), with("Search", "wrong")).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == "credential.api_key"), "{refused:?}");
    let creator = house.holder_of(&[Permission::ProjectsCreate]);
    let denied = project::create(&house.keyward, &creator, with("Search", "sk-abcdefgh12345")).await;
    assert!(matches!(denied, Err(Error::Denied(why)) if why.permission == Permission::CredentialsManage));

    // The name is free: nothing of the refused ones was kept.
    let made = project::create(&house.keyward, &house.owner(), with("Search", "sk-abcdefgh12345")).await.unwrap();
    let used = used_by(&house.keyward, made.project.id);
    assert_eq!(support::secret_of(&used[0]), Some("sk-abcdefgh12345"));
}

#[tokio::test]
async fn an_edit_is_of_the_version_that_was_read_and_an_empty_one_leaves_no_trace() {
    let house = House::new().await;
    let id = add(&house, None, new_credential("sk-abcdefgh12345")).await;
    let at = |version| UpdateCredential {
        priority: Some(3),
        aliases: Some(Aliases(BTreeMap::from([("a".into(), "b".into())]))),
        expected_version: Some(version),
        ..UpdateCredential::default()
    };
    house.clock.advance(std::time::Duration::from_secs(60));
    let edited = update(&house.keyward, &house.owner(), None, id, at(1)).await.unwrap().credential;
    assert_eq!((edited.version, edited.priority), (2, 3));
    assert!(edited.updated_at > edited.created_at);
    let stale = update(&house.keyward, &house.owner(), None, id, at(1)).await;
    assert!(matches!(stale, Err(Error::Stale { present: 2 })), "{stale:?}");
    let same = update(&house.keyward, &house.owner(), None, id, at(2)).await.unwrap().credential;
    assert_eq!(same, edited);
}

#[tokio::test]
async fn the_same_creating_request_creates_once() {
    let house = House::new().await;
    let command = CreateCredential {
        project: None,
        credential: new_credential("sk-abcdefgh12345"),
        idempotency: idempotency("once", 1),
    };
    let made = create(&house.keyward, &house.owner(), command.clone()).await.unwrap().credential.id;
    let again = create(&house.keyward, &house.owner(), command).await;
    assert!(matches!(&again, Err(Error::Replayed { made: id }) if *id == made.to_string()), "{again:?}");
}

#[tokio::test]
async fn reading_and_managing_take_their_permissions() {
    let house = House::new().await;
    let id = add(&house, None, new_credential("sk-abcdefgh12345")).await;
    let (reader, nobody) = (house.holder_of(&[Permission::CredentialsRead]), house.holder_of(&[]));
    assert!(credential::find(&house.keyward, &reader, None, id).await.is_ok());
    let read = find(&house.keyward, &nobody, None, id).await.map(drop);
    let page = Page { limit: 1, order: Order::Asc, cursor: None };
    let listed = list(&house.keyward, &nobody, ListCredentials { project: None, page }).await.map(drop);
    for denied in [read, listed] {
        assert!(
            matches!(denied, Err(Error::Denied(why)) if why.permission == Permission::CredentialsRead),
            "{denied:?}"
        );
    }
    let made = added(&house, &reader, None, new_credential("sk-abcdefgh12345")).await.map(drop);
    let edited = update(&house.keyward, &reader, None, id, UpdateCredential::default()).await.map(drop);
    let deleted = delete(&house.keyward, &reader, None, id).await;
    for denied in [made, edited, deleted] {
        assert!(
            matches!(denied, Err(Error::Denied(why)) if why.permission == Permission::CredentialsManage),
            "{denied:?}"
        );
    }
}
