//! The secrets of credentials: written, replaced, never shown, and of use only
//! in their own place. And the test of a credential, which needs one.
#![cfg(test)]

mod support;

use std::sync::Mutex;

use keyward_access::CredentialEntry;
use keyward_domain::{
    credential::BaseUrl,
    id::{CredentialId, ProjectId},
    permission::Permission,
    provider::Provider,
};
use keyward_service::{
    Error,
    credential::{
        self, CreateCredential, ModelListError, ModelLister, ModelNames, NewCredential, UpdateCredential, create, find,
        update,
    },
};
use support::{House, contains, new_credential, secret_of, used_by};

async fn add(house: &House, project: Option<ProjectId>, credential: NewCredential) -> CredentialId {
    let command = CreateCredential { project, credential, idempotency: None };
    create(&house.keyward, &house.owner(), command).await.unwrap().credential.id
}

fn secret(text: Option<&str>) -> UpdateCredential {
    UpdateCredential { api_key: Some(text.map(Into::into)), ..UpdateCredential::default() }
}

#[tokio::test]
async fn a_replaced_secret_is_used_from_the_next_call_on() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let id = add(&house, Some(project), new_credential("sk-first-1234567890")).await;
    let replaced =
        update(&house.keyward, &house.owner(), Some(project), id, secret(Some("sk-second-987654321"))).await.unwrap();
    assert_eq!(replaced.credential.redacted_value.as_deref(), Some("..."));
    let used = used_by(&house.keyward, project);
    assert_eq!((secret_of(&used[0]), used[0].version), (Some("sk-second-987654321"), 2));
    let house = house.reopened().await;
    assert_eq!(secret_of(&used_by(&house.keyward, project)[0]), Some("sk-second-987654321"));
}

#[tokio::test]
async fn a_stored_secret_never_goes_to_an_address_that_its_owner_did_not_name() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let address = |url: &str| Some(Some(BaseUrl::parse("base_url", url).unwrap()));
    let first = NewCredential {
        provider: Provider::OpenAiCompatible,
        base_url: address("https://models.example/v1").flatten(),
        ..new_credential("sk-first-1234567890")
    };
    let id = add(&house, Some(project), first).await;
    let change = async |command| update(&house.keyward, &house.owner(), Some(project), id, command).await;
    let elsewhere = UpdateCredential { base_url: address("https://evil.example/v1"), ..UpdateCredential::default() };

    let refused = change(elsewhere.clone()).await;
    assert!(
        matches!(&refused, Err(Error::Invalid(why)) if (why.code, why.param.as_str()) == ("secret_required", "api_key")),
        "{refused:?}"
    );
    let used = used_by(&house.keyward, project);
    assert_eq!((used[0].base_url.as_deref(), used[0].version), (Some("https://models.example/v1"), 1));

    // The same address is no other one; a secret that goes may go.
    let same = UpdateCredential { base_url: address("https://models.example/v1/"), ..UpdateCredential::default() };
    assert_eq!(change(same).await.unwrap().credential.version, 1);
    let sent_again = UpdateCredential { api_key: Some(Some("sk-second-987654321".into())), ..elsewhere.clone() };
    change(sent_again).await.unwrap();
    let used = used_by(&house.keyward, project);
    let reached = (used[0].base_url.as_deref(), secret_of(&used[0]));
    assert_eq!(reached, (Some("https://evil.example/v1"), Some("sk-second-987654321")));
    let third = address("https://third.example/v1");
    change(UpdateCredential { base_url: third, api_key: Some(None), ..UpdateCredential::default() }).await.unwrap();
    assert_eq!(secret_of(&used_by(&house.keyward, project)[0]), None);
    change(elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_stored_secret_stays_where_it_is_when_the_usual_address_would_come_back() {
    let house = House::new().await;
    let base_url = Some(BaseUrl::parse("base_url", "https://models.example/v1").unwrap());
    let id = add(&house, None, NewCredential { base_url, ..new_credential("sk-first-1234567890") }).await;
    let usual = UpdateCredential { base_url: Some(None), ..UpdateCredential::default() };
    let refused = update(&house.keyward, &house.owner(), None, id, usual).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.code == "secret_required"), "{refused:?}");
}

#[tokio::test]
async fn a_masked_secret_sent_back_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let id = add(&house, Some(project), new_credential("sk-first-12345678901234567890")).await;
    let shown = find(&house.keyward, &house.owner(), Some(project), id).await.unwrap().credential;
    let masked = shown.redacted_value.clone().unwrap();
    assert_eq!(masked, "sk-firs...7890");
    let refused = update(&house.keyward, &house.owner(), Some(project), id, secret(Some(&masked))).await;
    assert!(
        matches!(&refused, Err(Error::Invalid(why)) if why.code == "invalid_api_key_format"
            && why.message.starts_with("Invalid API key format")),
        "{refused:?}"
    );
    let still = find(&house.keyward, &house.owner(), Some(project), id).await.unwrap().credential;
    assert_eq!(still, shown);
    assert_eq!(secret_of(&used_by(&house.keyward, project)[0]), Some("sk-first-12345678901234567890"));
}

#[tokio::test]
async fn a_secret_is_taken_away_only_where_it_is_optional() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let needed = add(&house, Some(project), new_credential("sk-first-1234567890")).await;
    let refused = update(&house.keyward, &house.owner(), Some(project), needed, secret(None)).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == "api_key"), "{refused:?}");

    let optional = NewCredential { provider: Provider::Ollama, ..new_credential("anything-at-all") };
    let optional = add(&house, Some(project), optional).await;
    let bare = update(&house.keyward, &house.owner(), Some(project), optional, secret(None)).await.unwrap();
    assert_eq!((bare.credential.redacted_value, bare.credential.version), (None, 2));
    assert_eq!(secret_of(&used_by(&house.keyward, project)[1]), None);
    let again = update(&house.keyward, &house.owner(), Some(project), optional, secret(None)).await.unwrap();
    assert_eq!(again.credential.version, 2, "taking away nothing changes nothing");
}

#[tokio::test]
async fn neither_the_database_nor_the_audit_log_holds_a_secret() {
    let house = House::new().await;
    let (first, second) = ("sk-first-A1b2C3d4E5f6G7h8", "sk-second-Z9y8X7w6V5u4T3s2");
    let id = add(&house, None, new_credential(first)).await;
    update(&house.keyward, &house.owner(), None, id, secret(Some(second))).await.unwrap();
    credential::delete(&house.keyward, &house.owner(), None, id).await.unwrap();
    let bytes = house.database_bytes();
    for secret in [first, second, "A1b2C3d4", "Z9y8X7w6"] {
        assert!(!contains(&bytes, secret), "{secret}");
    }
    // What became of the secret is told, and nothing that looks like it.
    assert!(contains(&bytes, r#""before":{"secret":"set"},"after":{"secret":"replaced"}"#));
    for told in ["credential.created", "credential.updated", "credential.deleted"] {
        assert!(contains(&bytes, &format!(r#""type":"{told}""#)), "{told}");
    }
    assert!(!contains(&bytes, r#""redacted_value""#));
}

#[tokio::test]
async fn a_secret_that_does_not_open_leaves_its_credential_out_and_no_other() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let moved = add(&house, Some(project), new_credential("sk-moved-1234567890")).await;
    let victim = add(&house, Some(project), new_credential("sk-victim-1234567890")).await;
    // A wrapped secret is worth nothing in another row.
    let organization = house.organization;
    let mut transaction = house.pool.begin().await.unwrap();
    let conn = &mut transaction.conn();
    let sealed = keyward_store::credential::find_sealed(conn, organization, Some(project), moved).await.unwrap();
    let wrapped = sealed.unwrap().wrapped_secret;
    keyward_store::credential::replace_secret(conn, organization, victim, wrapped.as_deref()).await.unwrap();
    transaction.commit().await.unwrap();

    let house = house.reopened().await;
    let used = used_by(&house.keyward, project);
    assert_eq!(used.iter().map(|entry| entry.id).collect::<Vec<_>>(), [moved]);
    let tested =
        credential::test(&house.keyward, &house.owner(), &Scripted::new(Ok(vec![])), Some(project), victim).await;
    assert!(matches!(&tested, Err(Error::Undecryptable(what)) if what.contains(&victim.to_string())), "{tested:?}");

    update(&house.keyward, &house.owner(), Some(project), victim, secret(Some("sk-again-1234567890"))).await.unwrap();
    assert_eq!(secret_of(&used_by(&house.keyward, project)[1]), Some("sk-again-1234567890"));
}

/// A provider that answers as it is told and notes what it was shown.
struct Scripted {
    answer: Result<Vec<String>, ModelListError>,
    shown: Mutex<Vec<(CredentialId, Option<String>)>>,
}

impl Scripted {
    fn new(answer: Result<Vec<String>, ModelListError>) -> Self {
        Self { answer, shown: Mutex::default() }
    }
}

impl ModelLister for Scripted {
    fn list<'a>(&'a self, credential: &'a CredentialEntry) -> ModelNames<'a> {
        self.shown.lock().unwrap().push((credential.id, secret_of(credential).map(str::to_owned)));
        Box::pin(std::future::ready(self.answer.clone()))
    }
}

#[tokio::test]
async fn a_test_asks_the_provider_with_the_secret_and_passes_its_answer_on() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let id = add(&house, None, new_credential("sk-first-1234567890")).await;
    for seen_from in [None, Some(project)] {
        let provider = Scripted::new(Ok(vec!["gpt-4o".into()]));
        let models = credential::test(&house.keyward, &house.owner(), &provider, seen_from, id).await.unwrap();
        assert_eq!(models, ["gpt-4o"]);
        assert_eq!(*provider.shown.lock().unwrap(), [(id, Some("sk-first-1234567890".to_owned()))]);
    }
    for refusal in [
        ModelListError::Rejected,
        ModelListError::Unreachable("connection refused".into()),
        ModelListError::Blocked("127.0.0.1 is a loopback address".into()),
        ModelListError::TimedOut,
        ModelListError::NotAList("status 404".into()),
    ] {
        let provider = Scripted::new(Err(refusal.clone()));
        let answer = credential::test(&house.keyward, &house.owner(), &provider, None, id).await;
        assert!(matches!(&answer, Err(Error::Provider(why)) if *why == refusal), "{answer:?}");
    }
}

#[tokio::test]
async fn a_test_takes_a_credential_that_is_seen_and_the_permission_to_manage() {
    let house = House::new().await;
    let id = add(&house, None, new_credential("sk-first-1234567890")).await;
    let provider = Scripted::new(Ok(vec![]));
    let reader = house.holder_of(&[Permission::CredentialsRead]);
    let denied = credential::test(&house.keyward, &reader, &provider, None, id).await;
    assert!(matches!(denied, Err(Error::Denied(why)) if why.permission == Permission::CredentialsManage));
    let stranger = house.stranger("Second").await;
    let unseen = credential::test(&house.keyward, &stranger, &provider, None, id).await;
    assert!(matches!(unseen, Err(Error::NotFound("credential"))), "{unseen:?}");
    assert!(provider.shown.lock().unwrap().is_empty(), "the provider wasn't asked");
}
