//! Service accounts: owners of keys that are nobody.
#![cfg(test)]

mod support;

use keyward_access::Refusal;
use keyward_domain::{
    actor::Actor,
    api_key::{KeyAccess, KeyStatus},
    id::ProjectId,
    page::{Order, Page},
    permission::Permission,
};
use keyward_service::{
    Error,
    api_key::{self, ApiKeyPlace, KeyOwner},
    service_account::{
        self, CreateServiceAccount, CreateServiceAccountKey, CreatedServiceAccount, ListServiceAccounts,
        ServiceAccountPlace,
    },
};
use support::{House, name};

fn new(project: ProjectId, text: &str) -> CreateServiceAccount {
    CreateServiceAccount { project, name: name(text), with_key: true, expires_in_seconds: None, idempotency: None }
}

fn key_for(place: ServiceAccountPlace, text: &str) -> CreateServiceAccountKey {
    CreateServiceAccountKey {
        place,
        name: Some(name(text)),
        expires_in_seconds: None,
        access: KeyAccess::default(),
        idempotency: None,
    }
}

fn place(created: &CreatedServiceAccount) -> ServiceAccountPlace {
    ServiceAccountPlace { project: created.account.project, account: created.account.id }
}

#[tokio::test]
async fn its_keys_work_and_are_revoked_with_it() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let bot = service_account::create(&house.keyward, &house.owner(), new(project, "Bot")).await.unwrap();
    let first = bot.key.clone().unwrap();
    let second =
        service_account::create_key(&house.keyward, &house.owner(), key_for(place(&bot), "Second")).await.unwrap();
    let others = house.api_key(project, "Somebody's").await;
    assert_eq!(first.details.owner, KeyOwner::ServiceAccount(bot.account.clone()));
    for key in [&first, &second, &others] {
        assert!(house.authenticate(&key.secret).is_ok());
    }

    let revoked = service_account::delete(&house.keyward, &house.owner(), place(&bot)).await.unwrap();
    assert_eq!(revoked, 2);
    for key in [&first, &second] {
        assert_eq!(house.authenticate(&key.secret).err(), Some(Refusal::KeyRevoked));
    }
    assert!(house.authenticate(&others.secret).is_ok());
    // A revoked key still says whose it was.
    let kept = ApiKeyPlace { project, key: first.details.key.id };
    let kept = api_key::find(&house.keyward, &house.owner(), kept).await.unwrap();
    assert_eq!(kept.key.status(house.keyward.now()), KeyStatus::Revoked);
    assert_eq!(kept.owner, KeyOwner::ServiceAccount(bot.account.clone()));
    let again = service_account::delete(&house.keyward, &house.owner(), place(&bot)).await;
    assert!(matches!(again, Err(Error::NotFound("service account"))), "{again:?}");
}

#[tokio::test]
async fn it_is_renamed_and_listed_in_its_project_only() {
    let house = House::new().await;
    let (project, other) = (house.project("Search").await.id, house.project("Other").await.id);
    let bare = CreateServiceAccount { with_key: false, ..new(project, "Bot") };
    let bot = service_account::create(&house.keyward, &house.owner(), bare).await.unwrap();
    assert!(bot.key.is_none());
    let renamed = service_account::rename(&house.keyward, &house.owner(), place(&bot), Some(name("Robot"))).await;
    let renamed = renamed.unwrap();
    assert_eq!(renamed.name, name("Robot"));

    let list = async |project, actor: &Actor| {
        let page = Page { limit: 10, order: Order::Desc, cursor: None };
        let listed = service_account::list(&house.keyward, actor, ListServiceAccounts { project, page }).await;
        listed.map(|listed| listed.data)
    };
    assert_eq!(list(project, &house.owner()).await.unwrap(), [renamed]);
    assert_eq!(list(other, &house.owner()).await.unwrap(), []);
    let elsewhere = ServiceAccountPlace { project: other, ..place(&bot) };
    let found = service_account::find(&house.keyward, &house.owner(), elsewhere).await;
    assert!(matches!(found, Err(Error::NotFound("service account"))), "{found:?}");
    let strangers = list(project, &house.stranger("Second").await).await;
    assert!(matches!(strangers, Err(Error::NotFound("project"))), "{strangers:?}");
}

#[tokio::test]
async fn its_keys_may_expire() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let short = CreateServiceAccount { expires_in_seconds: Some(60), ..new(project, "Bot") };
    let bot = service_account::create(&house.keyward, &house.owner(), short).await.unwrap();
    let short = CreateServiceAccountKey { expires_in_seconds: Some(30), ..key_for(place(&bot), "Second") };
    let second = service_account::create_key(&house.keyward, &house.owner(), short).await.unwrap();
    let first = bot.key.unwrap();
    house.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(house.authenticate(&second.secret).err(), Some(Refusal::KeyExpired));
    assert!(house.authenticate(&first.secret).is_ok());
    house.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(house.authenticate(&first.secret).err(), Some(Refusal::KeyExpired));
    for wrong in [
        CreateServiceAccount { expires_in_seconds: Some(0), ..new(project, "Bot") },
        CreateServiceAccount { expires_in_seconds: Some(60), with_key: false, ..new(project, "Bot") },
    ] {
        let refused = service_account::create(&house.keyward, &house.owner(), wrong).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.param == "expires_in_seconds"), "{refused:?}");
    }
}

#[tokio::test]
async fn who_may_not_create_keys_makes_an_account_without_one() {
    let house = House::new().await;
    let project = house.project("Search").await.id;
    let manager = house.holder_of(&[Permission::ProjectRead, Permission::ServiceAccountsManage]);
    let denied = service_account::create(&house.keyward, &manager, new(project, "Bot")).await;
    assert!(matches!(&denied, Err(Error::Denied(why)) if why.permission == Permission::ApiKeysCreate), "{denied:?}");
    let bare = CreateServiceAccount { with_key: false, ..new(project, "Bot") };
    let bot = service_account::create(&house.keyward, &manager, bare).await.unwrap();
    let denied = service_account::create_key(&house.keyward, &manager, key_for(place(&bot), "Key")).await;
    assert!(matches!(&denied, Err(Error::Denied(why)) if why.permission == Permission::ApiKeysCreate), "{denied:?}");
}
