//! The program, started for one test.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use keyward::{
    config::{Given, Settings},
    server::Server,
};
use keyward_domain::{Name, organization::Email, password::Password};
use keyward_service::organization::{CreateOrganization, create};
use keyward_store::Pool;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{Actor, Answer, Encryption, Mailbox, ManualClock, Member, actor::Line, postgres::Database};

/// The password of everybody whom a test knows by address.
pub const PASSWORD: &str = "correct horse battery";

/// Where projects are.
const PROJECTS: &str = "/v1/organization/projects";

/// How a Keyward starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outfit {
    /// With two organizations, and without mail.
    Usual,
    /// With two organizations, and a mail server.
    Mailing,
    /// With nothing at all: nobody has an admin key.
    Fresh,
}

/// A Keyward that serves, with two organizations that know nothing of each
/// other.
pub struct TestApp {
    /// Its time.
    pub clock: Arc<ManualClock>,
    /// Shows an admin key of the first organization.
    pub admin: Actor,
    /// Shows an admin key of the second organization.
    pub stranger: Actor,
    /// Shows no key.
    pub nobody: Actor,
    /// What stands behind the HTTP interface.
    pub server: Server,
    mailbox: Option<Mailbox>,
    data_dir: PathBuf,
    line: Line,
    database: Option<Database>,
    _directory: TempDir,
}

impl TestApp {
    /// Starts on the embedded database.
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_with(Outfit::Usual).await
    }

    /// Starts on the embedded database, equipped so.
    pub async fn on_sqlite_with(outfit: Outfit) -> Self {
        Self::start(None, outfit).await
    }

    /// Starts on a new PostgreSQL database; `None` where `KEYWARD_TEST_POSTGRES`
    /// names no server.
    pub async fn on_postgres() -> Option<Self> {
        Self::on_postgres_with(Outfit::Usual).await
    }

    /// Starts on a new PostgreSQL database, equipped so.
    pub async fn on_postgres_with(outfit: Outfit) -> Option<Self> {
        match Database::create().await {
            Some(database) => Some(Self::start(Some(database), outfit).await),
            None => None,
        }
    }

    async fn start(database: Option<Database>, outfit: Outfit) -> Self {
        let mailbox = match outfit {
            Outfit::Mailing => Some(Mailbox::start(Encryption::None).await),
            Outfit::Usual | Outfit::Fresh => None,
        };
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let given = Given {
            listen: Some(([127, 0, 0, 1], 0).into()),
            data_dir: Some(data_dir.clone()),
            database_url: database.as_ref().map(Database::url),
            metrics_listen: Some("127.0.0.1:0".into()),
            cores: Some(1),
            allow_private_upstreams: Some(true),
            drain_timeout: Some(1),
            smtp_url: mailbox.as_ref().map(|mailbox| format!("smtp://{}?tls=none", mailbox.address())),
            mail_from: mailbox.as_ref().map(|_| "Keyward <keyward@example.com>".into()),
            ..Given::default()
        };
        let settings = Settings::decide(given, None).unwrap();
        let clock = Arc::new(ManualClock::default());
        let server = Server::start(&settings, clock.clone()).await.unwrap();
        let line = Line::to(server.address());
        let nobody = Actor::new(line.clone(), None);
        let (admin, stranger) = match outfit {
            Outfit::Fresh => (nobody.clone(), nobody.clone()),
            Outfit::Usual | Outfit::Mailing => (
                nobody.with_key(organization(&server, "First", "first@example.com").await),
                nobody.with_key(organization(&server, "Second", "second@example.com").await),
            ),
        };
        Self { clock, admin, stranger, nobody, server, mailbox, data_dir, line, database, _directory: directory }
    }

    /// The mail server of one that has one.
    pub fn mailbox(&self) -> &Mailbox {
        self.mailbox.as_ref().expect("it was started with Outfit::Mailing")
    }

    /// A new project of the first organization: its path.
    pub async fn project(&self, name: &str) -> String {
        self.project_of(&self.admin, name).await
    }

    /// A new project of the actor's organization: its path.
    pub async fn project_of(&self, actor: &Actor, name: &str) -> String {
        let made = actor.post(PROJECTS, json!({ "name": name })).await.ok();
        format!("{PROJECTS}/{}", text(&made, "id"))
    }

    /// Somebody who shows a new API key of the project at `path`.
    pub async fn key_of(&self, path: &str, name: &str) -> Actor {
        let made = self.admin.post(&format!("{path}/api_keys"), json!({ "name": name })).await.ok();
        self.nobody.with_key(text(&made, "value"))
    }

    /// Somebody who shows an API key of a new project that uses the built-in
    /// provider.
    pub async fn key(&self) -> Actor {
        let path = self.project("Project of a key").await;
        self.admin.post(&format!("{path}/credentials"), json!({ "provider": "demo" })).await.ok();
        self.key_of(&path, "Key").await
    }

    /// A person who signs in with that address: `first@example.com` and
    /// `second@example.com` own the two organizations.
    pub async fn person(&self, email: &str) -> Actor {
        let person = self.nobody.with_browser();
        person.post("/v1/auth/sign_in", json!({ "email": email, "password": PASSWORD })).await.ok();
        person
    }

    /// Another organization; its owner's address may be known already. Answers
    /// an admin key.
    pub async fn organization(&self, name: &str, owner: &str) -> Actor {
        self.nobody.with_key(organization(&self.server, name, owner).await)
    }

    /// Changes its database behind its back, into a state that no operation
    /// leads to.
    pub async fn execute(&self, statement: &str) {
        let text = AssertSqlSafe(statement.to_owned());
        match &self.database {
            None => {
                let options = SqliteConnectOptions::new().filename(self.data_dir.join("keyward.db"));
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query(text).execute(&mut connection).await.unwrap();
            }
            Some(database) => {
                let mut connection = PgConnection::connect(&database.url()).await.unwrap();
                sqlx::query(text).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// A new member of the first organization who holds no further role, with
    /// an admin key of their own.
    pub async fn member(&self, email: &str) -> Member {
        Member::add(&self.server.keyward, &self.pool().await, &self.nobody, email).await
    }

    /// Connections of the test's own to the database.
    pub async fn pool(&self) -> Pool {
        match &self.database {
            Some(database) => Pool::connect_postgres(&database.url()).await.unwrap(),
            None => Pool::open_sqlite(&self.data_dir.join("keyward.db")).await.unwrap(),
        }
    }

    /// Every answer that anybody got so far.
    pub fn answers(&self) -> Vec<Answer> {
        self.line.answers()
    }

    /// The folder of the usage journal, the master key and, on SQLite, the
    /// database.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Whether its database is PostgreSQL, where several processes count together.
    pub const fn is_on_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// Stops it, as SIGTERM does, and takes its database away.
    pub async fn finish(self) {
        let Self { server, database, line, admin, stranger, nobody, .. } = self;
        drop((line, admin, stranger, nobody));
        server.stop().await.unwrap();
        if let Some(database) = database {
            database.drop().await;
        }
    }
}

/// Makes an organization; answers its admin key.
async fn organization(server: &Server, name: &str, owner: &str) -> String {
    let command = CreateOrganization {
        name: Name::parse("name", name).unwrap(),
        owner_email: Email::parse("email", owner).unwrap(),
        password: Password::parse("password", PASSWORD).unwrap(),
    };
    create(&server.keyward, command).await.unwrap().secret.expose().to_owned()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().expect("the field is a text")
}
