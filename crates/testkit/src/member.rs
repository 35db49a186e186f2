//! Members of the first organization besides its owner, put there without an
//! invitation.

use keyward_domain::{
    Name,
    access::Access,
    actor::{Actor as Somebody, Identity, RequestOrigin},
    clock::to_millis,
    id::{OrganizationId, UserId},
    organization::{Email, User},
};
use keyward_service::{
    Keyward,
    admin_key::{self, CreateAdminKey},
    organization::find_by_name,
};
use keyward_store::{Pool, organization};

use crate::Actor;

/// Somebody besides the owner.
#[derive(Debug)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// They themselves: with an admin key that may do what they may.
    pub actor: Actor,
    /// Where they are a member.
    pub organization: OrganizationId,
}

impl Member {
    pub(crate) async fn add(keyward: &Keyward, pool: &Pool, nobody: &Actor, email: &str) -> Self {
        let organization = find_by_name(keyward, "First").await.unwrap().unwrap().id;
        let user = User {
            id: UserId::generate(keyward.ids(), &Now(keyward.now()), &Address(email)),
            email: Email::parse("email", email).unwrap(),
            name: Name::parse("name", email.split('@').next().unwrap()).unwrap(),
            created_at: keyward.now(),
        };
        let mut transaction = pool.begin().await.unwrap();
        let conn = &mut transaction.conn();
        organization::insert_user(conn, &user).await.unwrap();
        organization::insert_member(conn, organization, user.id, to_millis(user.created_at)).await.unwrap();
        transaction.commit().await.unwrap();
        // As an owner would be, so that they may make a key; the key may do what they may.
        let identity = Identity::User { id: user.id, email: user.email, session: None };
        let maker = Somebody { organization, identity, access: Access::owner(), origin: RequestOrigin::default() };
        let name = Name::parse("name", "Own key").unwrap();
        let command = CreateAdminKey { name, expires_in_seconds: None, roles: Vec::new(), idempotency: None };
        let key = admin_key::create(keyward, &maker, command).await.unwrap();
        Self { id: user.id.to_string(), actor: nobody.with_key(key.secret.expose()), organization }
    }
}

struct Now(keyward_domain::Timestamp);

impl keyward_domain::Clock for Now {
    fn now(&self) -> keyward_domain::Timestamp {
        self.0
    }
}

/// Bytes that differ from one address to the next.
struct Address<'a>(&'a str);

impl keyward_domain::Randomness for Address<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(self.0.bytes().cycle()).for_each(|(byte, of_address)| *byte = of_address);
    }
}
