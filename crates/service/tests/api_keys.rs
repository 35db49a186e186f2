//! API keys: what people do to them is in force when it answers, and nothing
//! else changes.
#![cfg(test)]

mod support;

use std::time::Duration;

use jiff::SignedDuration;
use keyward_access::Refusal;
use keyward_domain::{
    actor::Actor,
    api_key::{KeyDraft, KeyPatch, KeyStatus, NotPossible},
    id::UserId,
    page::{Cursor, Order, Page},
    permission::Permission,
    secret::KeySecret,
};
use keyward_service::{
    Error,
    api_key::{
        self, ApiKeyDetails, ApiKeyFilter, ApiKeyPlace, CreateApiKey, KeyOwner, KeySort, ListApiKeys, RevealedApiKey,
        RevokedAll, RotateApiKey, UpdateApiKey,
    },
    project,
};
use support::{House, authenticate, contains, draft, idempotency, name};

fn place(revealed: &RevealedApiKey) -> ApiKeyPlace {
    ApiKeyPlace { project: revealed.details.key.project, key: revealed.details.key.id }
}

fn edit(place: ApiKeyPlace, patch: KeyPatch) -> UpdateApiKey {
    UpdateApiKey { place, patch, expected_version: None }
}

fn rotation(place: ApiKeyPlace, overlap_seconds: i64) -> RotateApiKey {
    let overlap = SignedDuration::from_secs(overlap_seconds);
    RotateApiKey { place, overlap, expected_version: None, idempotency: None }
}

fn owner_of(details: &ApiKeyDetails) -> Option<UserId> {
    match &details.owner {
        KeyOwner::User { user, .. } => Some(user.id),
        KeyOwner::ServiceAccount(_) | KeyOwner::Nobody => None,
    }
}

fn refusal(house: &House, key: &KeySecret) -> Option<Refusal> {
    house.authenticate(key).err()
}

#[tokio::test]
async fn a_new_key_opens_its_project_at_once_and_after_a_restart() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let key = &made.details.key;
    assert_eq!(owner_of(&made.details), house.owner().user());
    assert_eq!(key.created_by.user, house.owner().user());
    assert_eq!(house.authenticate(&made.secret).unwrap().key.id, key.id);
    assert!(!contains(&house.database_bytes(), &made.secret.expose()["sk-project-".len()..][..40]));

    let house = house.reopened().await;
    let let_in = house.authenticate(&made.secret).unwrap();
    assert_eq!((let_in.key.id, let_in.key.project.id), (key.id, project.id));
    let found = api_key::find(&house.keyward, &house.owner(), place(&made)).await.unwrap();
    assert_eq!(found, made.details);
}

#[tokio::test]
async fn an_inactive_project_gets_no_key() {
    let house = House::new().await;
    let project = house.project("Search").await;
    project::deactivate(&house.keyward, &house.owner(), project.id, false, None).await.unwrap();
    let command = CreateApiKey { project: project.id, draft: draft("CI"), idempotency: None };
    let refused = api_key::create(&house.keyward, &house.owner(), command).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden { code: "project_inactive", .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("Cannot generate API keys for an inactive project"), "{refused}");
}

#[tokio::test]
async fn the_same_request_never_creates_or_rotates_twice() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let command = CreateApiKey { project: project.id, draft: draft("CI"), idempotency: idempotency("once", 1) };
    let made = api_key::create(&house.keyward, &house.owner(), command.clone()).await.unwrap();
    let id = made.details.key.id.to_string();
    let again = api_key::create(&house.keyward, &house.owner(), command).await.unwrap_err();
    assert!(matches!(&again, Error::Replayed { made } if *made == id), "{again:?}");

    let command = RotateApiKey { idempotency: idempotency("rotate", 2), ..rotation(place(&made), 0) };
    let rotated = api_key::rotate(&house.keyward, &house.owner(), command.clone()).await.unwrap();
    let again = api_key::rotate(&house.keyward, &house.owner(), command).await.unwrap_err();
    assert!(matches!(&again, Error::Replayed { made } if *made == id), "{again:?}");
    assert_eq!(refusal(&house, &rotated.secret), None);
}

#[tokio::test]
async fn a_name_is_taken_by_live_keys_only() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let owner = house.owner();
    let create = async |draft: KeyDraft| {
        let command = CreateApiKey { project: project.id, draft, idempotency: None };
        api_key::create(&house.keyward, &owner, command).await
    };
    let rename = |text: &str| KeyPatch { name: Some(name(text)), ..KeyPatch::default() };
    let first =
        create(KeyDraft { expires_at: Some(house.keyward.now() + SignedDuration::from_secs(60)), ..draft("CI") });
    let first = first.await.unwrap();
    let is_taken = |error: Error| matches!(error, Error::Conflict { code: "name_taken", param: Some("name"), .. });
    assert!(is_taken(create(draft("CI")).await.unwrap_err()));
    let other = create(draft("Other")).await.unwrap();
    let update = |place, patch| api_key::update(&house.keyward, &owner, edit(place, patch));
    assert!(is_taken(update(place(&other), rename("CI")).await.unwrap_err()));

    house.clock.advance(Duration::from_secs(60));
    let second = create(draft("CI")).await.unwrap();
    update(place(&first), rename("CI")).await.unwrap();
    update(place(&first), rename("Old CI")).await.unwrap();
    let again = update(place(&first), rename("CI")).await.unwrap();
    assert_eq!(again.key.name, second.details.key.name, "an expired key holds no name and needs none");
}

#[tokio::test]
async fn a_disabled_key_is_refused_until_it_is_enabled() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let switch = |disabled| edit(place(&made), KeyPatch { disabled: Some(disabled), ..KeyPatch::default() });
    let off = api_key::update(&house.keyward, &house.owner(), switch(true)).await.unwrap();
    assert_eq!(off.key.status(house.keyward.now()), KeyStatus::Disabled);
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::KeyDisabled));
    let again = api_key::update(&house.keyward, &house.owner(), switch(true)).await.unwrap();
    assert_eq!(again, off, "a change that changes nothing counts no version");
    api_key::update(&house.keyward, &house.owner(), switch(false)).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), None);
}

#[tokio::test]
async fn an_expired_key_can_only_be_renamed_revoked_and_deleted() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let end = house.keyward.now() + SignedDuration::from_secs(1);
    let expiry = |end| edit(place(&made), KeyPatch { expires_at: Some(end), ..KeyPatch::default() });
    api_key::update(&house.keyward, &house.owner(), expiry(Some(end))).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), None);

    house.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::KeyExpired));
    let refused = api_key::update(&house.keyward, &house.owner(), expiry(None)).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { code: "api_key_expired", .. }), "{refused:?}");
    let refused = api_key::rotate(&house.keyward, &house.owner(), rotation(place(&made), 0)).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { code: "api_key_expired", .. }), "{refused:?}");
    api_key::revoke(&house.keyward, &house.owner(), place(&made), None).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::KeyRevoked));
}

#[tokio::test]
async fn a_rotated_keys_old_secret_dies_at_once_or_after_the_overlap() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let second = api_key::rotate(&house.keyward, &house.owner(), rotation(place(&made), 0)).await.unwrap();
    assert_eq!(second.details.key.id, made.details.key.id);
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::InvalidKey));
    assert_eq!(refusal(&house, &second.secret), None);

    let third = api_key::rotate(&house.keyward, &house.owner(), rotation(place(&made), 60)).await.unwrap();
    assert!(house.authenticate(&second.secret).unwrap().previous_secret);
    assert!(!house.authenticate(&third.secret).unwrap().previous_secret);
    let house = house.reopened().await;
    assert_eq!(refusal(&house, &second.secret), None, "the overlap outlives a restart");
    house.clock.advance(Duration::from_secs(60));
    assert_eq!(refusal(&house, &second.secret), Some(Refusal::InvalidKey));
    assert_eq!(refusal(&house, &third.secret), None);

    let month_and_more = rotation(place(&made), 30 * 24 * 3600 + 1);
    let refused = api_key::rotate(&house.keyward, &house.owner(), month_and_more).await.unwrap_err();
    assert!(matches!(&refused, Error::Invalid(invalid) if invalid.param == "overlap_seconds"), "{refused:?}");
}

#[tokio::test]
async fn revoking_is_final_and_twice_is_no_error() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let first = api_key::revoke(&house.keyward, &house.owner(), place(&made), None).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::KeyRevoked));
    house.clock.advance(Duration::from_secs(5));
    let second = api_key::revoke(&house.keyward, &house.owner(), place(&made), None).await.unwrap();
    assert_eq!(first, second);
    let enable = edit(place(&made), KeyPatch { disabled: Some(false), ..KeyPatch::default() });
    let refused = api_key::update(&house.keyward, &house.owner(), enable).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict { code: "api_key_revoked", .. }), "{refused:?}");
    assert_eq!(refused.to_string(), NotPossible::Revoked.to_string());
}

#[tokio::test]
async fn all_keys_are_revoked_at_once_and_counted() {
    let house = House::new().await;
    let (project, other) = (house.project("Search").await, house.project("Other").await);
    let keys = [house.api_key(project.id, "a").await, house.api_key(project.id, "b").await];
    let sibling = house.api_key(other.id, "c").await;
    api_key::revoke(&house.keyward, &house.owner(), place(&keys[0]), None).await.unwrap();
    let done = api_key::revoke_all(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!((done, done.total()), (RevokedAll { revoked: 1, already_revoked: 1 }, 2));
    let again = api_key::revoke_all(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!(again, RevokedAll { revoked: 0, already_revoked: 2 });
    assert_eq!(refusal(&house, &keys[1].secret), Some(Refusal::KeyRevoked));
    assert_eq!(refusal(&house, &sibling.secret), None);
}

#[tokio::test]
async fn deactivating_a_project_keeps_its_keys_or_revokes_them() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    project::deactivate(&house.keyward, &house.owner(), project.id, false, None).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::ProjectInactive));
    project::activate(&house.keyward, &house.owner(), project.id, None).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), None);

    let may_not_revoke = house.holder_of(&[Permission::ProjectDeactivate]);
    let denied = project::deactivate(&house.keyward, &may_not_revoke, project.id, true, None).await.unwrap_err();
    assert!(matches!(denied, Error::Denied(_)), "{denied:?}");
    let details = project::deactivate(&house.keyward, &house.owner(), project.id, true, None).await.unwrap();
    assert_eq!((details.keys_total, details.keys_active), (1, 0));
    project::activate(&house.keyward, &house.owner(), project.id, None).await.unwrap();
    assert_eq!(refusal(&house, &made.secret), Some(Refusal::KeyRevoked));
}

#[tokio::test]
async fn a_deleted_key_is_as_unknown_as_one_that_never_was() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let rotated = api_key::rotate(&house.keyward, &house.owner(), rotation(place(&made), 60)).await.unwrap();
    api_key::delete(&house.keyward, &house.owner(), place(&made), None).await.unwrap();
    for secret in [&made.secret, &rotated.secret] {
        assert_eq!(refusal(&house, secret), Some(Refusal::InvalidKey));
    }
    let found = api_key::find(&house.keyward, &house.owner(), place(&made)).await.unwrap_err();
    assert!(matches!(found, Error::NotFound("API key")), "{found:?}");
    let again = api_key::delete(&house.keyward, &house.owner(), place(&made), None).await.unwrap_err();
    assert!(matches!(again, Error::NotFound("API key")), "{again:?}");
    house.api_key(project.id, "CI").await;
    let house = house.reopened().await;
    assert_eq!(refusal(&house, &rotated.secret), Some(Refusal::InvalidKey));
}

/// Every use case on one key, as one question.
async fn attempts(house: &House, actor: &Actor, at: ApiKeyPlace) -> Vec<Error> {
    let keyward = &house.keyward;
    let create = CreateApiKey { project: at.project, draft: draft("Another"), idempotency: None };
    let list = ListApiKeys {
        project: at.project,
        filter: ApiKeyFilter::default(),
        sort: KeySort::default(),
        page: Page { limit: 20, order: Order::Desc, cursor: None },
    };
    vec![
        api_key::create(keyward, actor, create).await.unwrap_err(),
        api_key::list(keyward, actor, list).await.unwrap_err(),
        api_key::revoke_all(keyward, actor, at.project).await.unwrap_err(),
        api_key::find(keyward, actor, at).await.unwrap_err(),
        api_key::update(keyward, actor, edit(at, KeyPatch::default())).await.unwrap_err(),
        api_key::rotate(keyward, actor, rotation(at, 0)).await.unwrap_err(),
        api_key::revoke(keyward, actor, at, None).await.unwrap_err(),
        api_key::delete(keyward, actor, at, None).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn strangers_find_nothing_and_others_need_the_permission() {
    let house = House::new().await;
    let (project, other) = (house.project("Search").await, house.project("Other").await);
    let made = house.api_key(project.id, "CI").await;
    let stranger = house.stranger("Second").await;
    for error in attempts(&house, &stranger, place(&made)).await {
        assert!(matches!(error, Error::NotFound("project")), "{error:?}");
    }
    let powerless = house.holder_of(&[Permission::ProjectRead, Permission::LlmInvoke]);
    for error in attempts(&house, &powerless, place(&made)).await {
        assert!(matches!(error, Error::Denied(_)), "{error:?}");
    }
    let elsewhere = ApiKeyPlace { project: other.id, ..place(&made) };
    let found = api_key::find(&house.keyward, &house.owner(), elsewhere).await.unwrap_err();
    assert!(matches!(found, Error::NotFound("API key")), "{found:?}");
    assert_eq!(refusal(&house, &made.secret), None);
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let rename = |text: &str, version| UpdateApiKey {
        expected_version: version,
        ..edit(place(&made), KeyPatch { name: Some(name(text)), ..KeyPatch::default() })
    };
    let renamed = api_key::update(&house.keyward, &house.owner(), rename("Nightly", Some(1))).await.unwrap();
    assert_eq!(renamed.key.version, 2);
    let stale = api_key::update(&house.keyward, &house.owner(), rename("Other", Some(1))).await.unwrap_err();
    assert!(matches!(stale, Error::Stale { present: 2 }), "{stale:?}");
    let rotate = RotateApiKey { expected_version: Some(1), ..rotation(place(&made), 0) };
    let stale = api_key::rotate(&house.keyward, &house.owner(), rotate).await.unwrap_err();
    assert!(matches!(stale, Error::Stale { present: 2 }), "{stale:?}");
    assert_eq!(refusal(&house, &made.secret), None);
}

#[tokio::test]
async fn keys_are_listed_newest_first_and_a_key_keyward_made_belongs_to_the_first_owner() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let older = house.api_key(project.id, "older").await;
    let system = Actor::system(house.organization);
    let command = CreateApiKey { project: project.id, draft: draft("demo"), idempotency: None };
    let younger = api_key::create(&house.keyward, &system, command).await.unwrap();
    assert_eq!(owner_of(&younger.details), house.owner().user());

    let page = |cursor| ListApiKeys {
        project: project.id,
        filter: ApiKeyFilter::default(),
        sort: KeySort::default(),
        page: Page { limit: 1, order: Order::Desc, cursor },
    };
    let first = api_key::list(&house.keyward, &house.owner(), page(None)).await.unwrap();
    assert_eq!((first.data, first.has_more), (vec![younger.details.clone()], true));
    let after = Some(Cursor::After(younger.details.key.id));
    let second = api_key::list(&house.keyward, &house.owner(), page(after)).await.unwrap();
    assert_eq!((second.data, second.has_more), (vec![older.details], false));
}

#[tokio::test]
async fn another_node_follows_every_change() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let made = house.api_key(project.id, "CI").await;
    let neighbour = house.neighbour().await;
    let revoke = api_key::revoke_all(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!(revoke.revoked, 1);
    let fresh = house.api_key(project.id, "fresh").await;
    assert_eq!(neighbour.index().len(), 1);
    let stop = tokio_util::sync::CancellationToken::new();
    let followed = async {
        while neighbour.index().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    tokio::join!(neighbour.follow(stop.clone()), followed);
    assert_eq!(authenticate(&neighbour, &made.secret).unwrap_err(), Refusal::KeyRevoked);
    assert!(authenticate(&neighbour, &fresh.secret).is_ok());
}
