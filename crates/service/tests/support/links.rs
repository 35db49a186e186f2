//! Invitations and links for tests of several use cases, and what no use case
//! does: members disabled, single sign-on required.

use keyward_domain::{
    actor::{Actor, RequestOrigin},
    invitation::{Grants, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::Email,
    project::Project,
    secret::Token,
};
use keyward_service::{
    Keyward, Link, Result,
    invitation::{self, AcceptInvitation, AcceptedInvitation, CreateInvitation, SentInvitation},
};
use keyward_store::Pool;
use uuid::Uuid;

use super::{House, name};

pub const PASSWORD: &str = "correct horse battery";

/// The token at the end of a link.
pub fn token(link: &Link) -> Token {
    Token::parse(link.expose().rsplit('/').next().unwrap()).unwrap()
}

pub fn email(text: &str) -> Email {
    Email::parse("email", text).unwrap()
}

/// The role in the organization, and roles in projects.
pub fn grants(role: InvitedRole, projects: &[(&Project, InvitedProjectRole)]) -> Grants {
    let projects = projects.iter().map(|(project, role)| ProjectGrant { id: project.id, role: *role });
    Grants { role, projects: projects.collect() }
}

pub async fn invite(keyward: &Keyward, actor: &Actor, to: &str, grants: Grants) -> Result<SentInvitation> {
    invitation::create(keyward, actor, CreateInvitation { email: email(to), grants, idempotency: None }).await
}

/// Accepts by a password: a new person's, or the account's.
pub async fn accept(keyward: &Keyward, link: &Link) -> Result<AcceptedInvitation> {
    let command = AcceptInvitation {
        token: token(link),
        name: Some(name("Ada")),
        password: Some(PASSWORD.into()),
        session: None,
        origin: RequestOrigin::default(),
    };
    invitation::accept(keyward, command).await
}

impl House {
    /// A new member of the actor's organization.
    pub async fn member(&self, actor: &Actor, to: &str, role: InvitedRole) -> AcceptedInvitation {
        let sent = invite(&self.keyward, actor, to, grants(role, &[])).await.unwrap();
        accept(&self.keyward, &sent.link.unwrap()).await.unwrap()
    }

    /// Changes rows behind the program's back; `$1` is `id`.
    pub async fn write(&self, statement: &'static str, id: Uuid) {
        let Pool::Sqlite { write, .. } = &self.pool else { panic!("a house has an embedded database") };
        let changed = sqlx::query(statement).bind(id).execute(write).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{statement}");
    }

    /// Disables a user wherever they are a member of one organization.
    pub async fn disable(&self, user: Uuid) {
        self.write("UPDATE organization_members SET disabled_at = 1 WHERE user_id = $1", user).await;
    }
}
