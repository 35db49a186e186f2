//! Nobody gets a key into their hands that may do what they may not.
#![cfg(test)]

mod support;

use jiff::SignedDuration;
use keyward_domain::{
    actor::Actor,
    api_key::{AccessPatch, KeyAccess, KeyDraft, KeyPatch},
    id::ProjectId,
    permission::Permission,
};
use keyward_service::{
    Error, Result,
    api_key::{self, ApiKeyPlace, CreateApiKey, RevealedApiKey, RotateApiKey, UpdateApiKey},
};
use support::{House, draft};

/// Somebody who looks after keys and may call models, and nothing else.
fn operator(house: &House) -> Actor {
    use Permission as P;
    house.holder_of(&[
        P::ProjectRead,
        P::ApiKeysRead,
        P::ApiKeysCreate,
        P::ApiKeysUpdate,
        P::ApiKeysRotate,
        P::LlmInvoke,
    ])
}

async fn create(house: &House, actor: &Actor, project: ProjectId, scopes: &[Permission]) -> Result<RevealedApiKey> {
    let access = KeyAccess { scopes: scopes.to_vec(), ..KeyAccess::default() };
    let draft = KeyDraft { access, ..draft(&format!("Key {}", scopes.len())) };
    api_key::create(&house.keyward, actor, CreateApiKey { project, draft, idempotency: None }).await
}

fn is_escalation<T: std::fmt::Debug>(answer: &Result<T>) -> bool {
    matches!(answer, Err(Error::Escalation { message }) if message.contains("traces:ingest"))
}

#[tokio::test]
async fn a_new_key_does_no_more_than_who_makes_it() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    create(&house, &operator(&house), project, &[Permission::LlmInvoke]).await.unwrap();
    // No scopes mean all of them.
    for scopes in [&[][..], &[Permission::LlmInvoke, Permission::TracesIngest]] {
        let refused = create(&house, &operator(&house), project, scopes).await;
        assert!(is_escalation(&refused), "{refused:?}");
    }
    create(&house, &house.owner(), project, &[]).await.unwrap();
}

#[tokio::test]
async fn who_rotates_or_widens_a_key_holds_what_it_may_do() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let full = create(&house, &house.owner(), project, &[]).await.unwrap();
    let narrow = create(&house, &house.owner(), project, &[Permission::LlmInvoke]).await.unwrap();
    let place = |revealed: &RevealedApiKey| ApiKeyPlace { project, key: revealed.details.key.id };
    let rotate = async |revealed: &RevealedApiKey| {
        let overlap = SignedDuration::ZERO;
        let command = RotateApiKey { place: place(revealed), overlap, expected_version: None, idempotency: None };
        api_key::rotate(&house.keyward, &operator(&house), command).await
    };
    rotate(&narrow).await.unwrap();
    let refused = rotate(&full).await;
    assert!(is_escalation(&refused), "{refused:?}");

    let edit = async |revealed: &RevealedApiKey, patch| {
        let command = UpdateApiKey { place: place(revealed), patch, expected_version: None };
        api_key::update(&house.keyward, &operator(&house), command).await
    };
    let scopes = |scopes: &[Permission]| KeyPatch {
        access: AccessPatch { scopes: Some(scopes.to_vec()), ..AccessPatch::default() },
        ..KeyPatch::default()
    };
    let refused = edit(&narrow, scopes(&[])).await;
    assert!(is_escalation(&refused), "{refused:?}");
    // What a key may do isn't touched by its name, and may be narrowed to what the actor holds.
    edit(&full, KeyPatch { disabled: Some(true), ..KeyPatch::default() }).await.unwrap();
    edit(&full, scopes(&[Permission::LlmInvoke])).await.unwrap();
}
