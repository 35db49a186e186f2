//! Organizations: what `keyward init` makes, and what it refuses.
#![cfg(test)]

mod support;

use keyward_access::presented_key;
use keyward_domain::{actor::Actor, organization::Email, page::Order, page::Page, password::Password};
use keyward_service::{
    Error, Keyward,
    admin_key::{self, CreateAdminKey},
    organization::{self, CreateOrganization, CreatedOrganization},
};
use support::{House, contains, name};

const PASSWORD: &str = "correct horse battery";

fn new(organization: &str, email: &str, password: &str) -> CreateOrganization {
    CreateOrganization {
        name: name(organization),
        owner_email: Email::parse("email", email).unwrap(),
        password: Password::parse("password", password).unwrap(),
    }
}

async fn acme(keyward: &Keyward) -> CreatedOrganization {
    organization::create(keyward, new("Acme", "ada@example.com", PASSWORD)).await.unwrap()
}

#[tokio::test]
async fn an_organizations_first_admin_key_opens_it_at_once() {
    let house = House::new().await;
    let made = acme(&house.keyward).await;
    assert_eq!(made.admin_key.details.key.name.as_str(), "Initial admin key");
    assert_eq!(made.owner.name.as_str(), "ada");

    let headers = [(http::header::AUTHORIZATION, format!("Bearer {}", made.secret.expose()).parse().unwrap())];
    let presented = presented_key(&headers.into_iter().collect()).unwrap();
    let entry = house.keyward.index().authenticate_admin(&presented, house.keyward.now()).unwrap();
    assert_eq!((entry.organization, entry.owner), (made.organization.id, made.owner.id));
    assert_eq!(entry.owner_email.as_str(), "ada@example.com");
}

#[tokio::test]
async fn neither_the_password_nor_the_key_is_kept_as_it_is() {
    let house = House::new().await;
    let made = acme(&house.keyward).await;
    let bytes = house.database_bytes();
    assert!(!contains(&bytes, PASSWORD) && !contains(&bytes, made.secret.expose()));
    assert!(contains(&bytes, "$argon2id$v=19$m=19456,t=2,p=1$"));
}

#[tokio::test]
async fn a_taken_name_makes_nothing() {
    let house = House::new().await;
    acme(&house.keyward).await;
    let refused = organization::create(&house.keyward, new("Acme", "bob@example.com", PASSWORD)).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "name_taken", .. })), "{refused:?}");
    let bob = Email::from_stored("bob@example.com".into());
    let mut connection = house.pool.read().await.unwrap();
    assert_eq!(keyward_store::organization::find_user_by_email(&mut connection.conn(), &bob).await.unwrap(), None);
}

#[tokio::test]
async fn who_has_an_account_becomes_owner_only_with_their_password() {
    let house = House::new().await;
    let first = acme(&house.keyward).await;
    let wrong = organization::create(&house.keyward, new("Second Inc", "ada@example.com", "incorrect horse")).await;
    assert!(matches!(wrong, Err(Error::Forbidden { code: "wrong_password", .. })), "{wrong:?}");

    let second = organization::create(&house.keyward, new("Second Inc", "Ada@Example.com", PASSWORD)).await.unwrap();
    assert_eq!(second.owner, first.owner);
    let mut connection = house.pool.read().await.unwrap();
    let members = keyward_store::organization::members(&mut connection.conn(), second.organization.id).await.unwrap();
    assert_eq!(members, [first.owner]);
}

#[tokio::test]
async fn two_at_once_under_one_name_make_one_organization() {
    let house = House::new().await;
    let (one, other) = tokio::join!(
        organization::create(&house.keyward, new("Acme", "ada@example.com", PASSWORD)),
        organization::create(&house.keyward, new("Acme", "bob@example.com", PASSWORD)),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn keyward_itself_owns_no_admin_key() {
    let house = House::new().await;
    let made = acme(&house.keyward).await;
    let system = Actor::system(made.organization.id);
    let command =
        CreateAdminKey { name: name("Robot"), expires_in_seconds: None, roles: Vec::new(), idempotency: None };
    let refused = admin_key::create(&house.keyward, &system, command).await;
    assert!(matches!(refused, Err(Error::Forbidden { code: "owner_required", .. })), "{refused:?}");
    let page = Page { limit: 10, order: Order::Asc, cursor: None };
    assert_eq!(admin_key::list(&house.keyward, &system, page).await.unwrap().data, [made.admin_key]);
}
