//! The key index as the gateway sees it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]

use std::{collections::BTreeMap, sync::Mutex};

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use keyward_access::{KeyIndex, PresentedKey, Refusal, presented_key};
use keyward_domain::{
    Name, Randomness,
    api_key::{ApiKey, Creator, KeyAccess, KeyDraft},
    id::{ApiKeyId, OrganizationId, ProjectId},
    project::Project,
    secret::{KeyKind, KeySecret, Pepper},
};
use uuid::Uuid;

struct Counting(Mutex<u8>);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut n = self.0.lock().unwrap();
        *n += 1;
        bytes.fill(*n);
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn pepper() -> Pepper {
    Pepper::new([9; 32])
}

fn presented(secret: &KeySecret) -> PresentedKey {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", secret.expose().parse().unwrap());
    presented_key(&headers).unwrap()
}

fn place() -> (OrganizationId, ProjectId) {
    (OrganizationId::from_uuid(Uuid::from_u128(1)), ProjectId::from_uuid(Uuid::from_u128(2)))
}

fn project(deactivated_at: Option<Timestamp>) -> Project {
    Project {
        id: place().1,
        organization: place().0,
        name: Name::parse("name", "P").unwrap(),
        description: String::new(),
        deactivated_at,
        model_permissions: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

fn key(secret: &KeySecret, access: KeyAccess) -> ApiKey {
    let draft = KeyDraft {
        name: Name::parse("name", "CI").unwrap(),
        expires_at: Some(at(100)),
        max_requests: None,
        access,
        environment: None,
        metadata: BTreeMap::new(),
    };
    draft.into_key(
        ApiKeyId::from_uuid(Uuid::from_u128(3)),
        place(),
        Creator { admin_key: None, user: None },
        secret,
        &pepper(),
        at(0),
    )
}

fn setup() -> (KeyIndex, Counting, KeySecret, ApiKey) {
    let randomness = Counting(Mutex::new(0));
    let secret = KeySecret::generate(KeyKind::Project, &randomness);
    let key = key(&secret, KeyAccess::default());
    let index = KeyIndex::new(pepper());
    index.put_project(&project(None));
    index.put_key(&key, 0);
    (index, randomness, secret, key)
}

fn refusal(index: &KeyIndex, secret: &KeySecret, second: i64) -> Option<Refusal> {
    index.authenticate(&presented(secret), at(second)).err()
}

#[test]
fn a_key_opens_until_its_state_or_its_project_says_no() {
    let (index, randomness, secret, mut key) = setup();
    assert_eq!(refusal(&index, &secret, 0), None);
    assert_eq!(refusal(&index, &secret, 100), Some(Refusal::KeyExpired));
    assert_eq!(refusal(&index, &KeySecret::generate(KeyKind::Project, &randomness), 0), Some(Refusal::InvalidKey));
    assert_eq!(
        refusal(&index, &KeySecret::generate(KeyKind::Admin, &randomness), 0),
        Some(Refusal::ProjectKeyRequired)
    );

    index.put_project(&project(Some(at(1))));
    assert_eq!(refusal(&index, &secret, 2), Some(Refusal::ProjectInactive));
    key.disabled = true;
    index.put_key(&key, 0);
    assert_eq!(refusal(&index, &secret, 2), Some(Refusal::KeyDisabled));
    key.revoke(at(3));
    index.put_key(&key, 0);
    assert_eq!(refusal(&index, &secret, 3), Some(Refusal::KeyRevoked));
    index.remove_key(key.id);
    assert_eq!(refusal(&index, &secret, 3), Some(Refusal::InvalidKey));
    assert!(index.is_empty());
}

#[test]
fn a_rotated_secret_works_for_its_overlap_and_not_longer() {
    let (index, randomness, old, mut key) = setup();
    let new = KeySecret::generate(KeyKind::Project, &randomness);
    let held = index.authenticate(&presented(&old), at(0)).unwrap();
    key.rotate(&new, &pepper(), SignedDuration::from_secs(10), at(0)).unwrap();
    index.put_key(&key, 0);

    assert!(index.authenticate(&presented(&old), at(9)).unwrap().previous_secret);
    assert!(!index.authenticate(&presented(&new), at(9)).unwrap().previous_secret);
    assert_eq!(index.recheck(&held, at(9)), Ok(()));
    assert_eq!(refusal(&index, &old, 10), Some(Refusal::InvalidKey));
    assert_eq!(index.recheck(&held, at(10)), Err(Refusal::InvalidKey));

    let newest = KeySecret::generate(KeyKind::Project, &randomness);
    key.rotate(&newest, &pepper(), SignedDuration::ZERO, at(5)).unwrap();
    index.put_key(&key, 0);
    for dead in [&old, &new] {
        assert_eq!(refusal(&index, dead, 5), Some(Refusal::InvalidKey));
    }
    assert_eq!(refusal(&index, &newest, 5), None);
}

#[test]
fn a_key_of_an_unknown_project_is_refused() {
    let randomness = Counting(Mutex::new(0));
    let secret = KeySecret::generate(KeyKind::Project, &randomness);
    let index = KeyIndex::new(pepper());
    index.put_key(&key(&secret, KeyAccess::default()), 0);
    assert_eq!(refusal(&index, &secret, 0), Some(Refusal::ProjectInactive));
}

#[test]
fn addresses_origins_and_models_are_checked_against_the_lists() {
    let (index, _, secret, mut key) = setup();
    key.access = KeyAccess {
        allowed_ips: KeyAccess::parse_ips(&["192.0.2.0/24".into()]).unwrap(),
        allowed_origins: KeyAccess::parse_origins(&["https://app.example.com".into()]).unwrap(),
        allowed_models: keyward_domain::model::ModelPatterns::parse("m", vec!["gpt-4o*".into()]).unwrap(),
        ..KeyAccess::default()
    };
    index.put_key(&key, 0);
    let entry = index.authenticate(&presented(&secret), at(0)).unwrap().key;
    let (inside, outside) = ("192.0.2.7".parse().unwrap(), "198.51.100.1".parse().unwrap());
    assert_eq!(entry.check_origin(inside, None), Ok(()));
    assert_eq!(entry.check_origin(inside, Some("https://app.example.com")), Ok(()));
    assert_eq!(entry.check_origin(outside, None), Err(Refusal::IpNotAllowed));
    assert_eq!(entry.check_origin(inside, Some("https://evil.example")), Err(Refusal::OriginNotAllowed));
    assert!(entry.may_use_model(&["gpt-4o-mini", "openai/gpt-4o-mini"]));
    assert!(!entry.may_use_model(&["o1", "openai/o1"]));

    key.access.require_origin = true;
    index.put_key(&key, 0);
    let entry = index.authenticate(&presented(&secret), at(0)).unwrap().key;
    assert_eq!(entry.check_origin(inside, None), Err(Refusal::OriginNotAllowed));
}

#[test]
fn an_origin_is_known_while_a_usable_key_names_it() {
    let (index, _, _, mut key) = setup();
    let known = |index: &KeyIndex| index.any_key_names_origin("https://app.example.com");
    assert!(!known(&index));
    key.access.allowed_origins = KeyAccess::parse_origins(&["https://app.example.com".into()]).unwrap();
    index.put_key(&key, 0);
    index.put_key(&key, 0);
    assert!(known(&index));
    key.disabled = true;
    index.put_key(&key, 0);
    assert!(!known(&index));
    key.disabled = false;
    index.put_key(&key, 0);
    assert!(known(&index) && !index.any_key_names_origin("https://other.example.com"));
    index.remove_key(key.id);
    assert!(!known(&index));
}
