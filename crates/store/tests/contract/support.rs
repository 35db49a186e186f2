//! A fresh database a test, of either kind, and the rows that most tests need.

use std::collections::BTreeMap;

use keyward_domain::{
    Name, Timestamp,
    api_key::{ApiKey, Creator, KeyAccess},
    clock::from_millis,
    id::{ApiKeyId, OrganizationId, ProjectId, RoleId, UserId},
    organization::{Email, Organization, User},
    project::Project,
    role::Scope,
    secret::SecretDigest,
};
use keyward_store::{
    Pool, PooledConnection, Transaction, api_key, installation, organization, project,
    role_assignment::{Assignment, Principal},
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

/// Makes two tests of each `async fn name(database: &Database)`: `name::sqlite`
/// and `name::postgres`. The tables are there; with `on empty`, they aren't.
macro_rules! contract {
    (on empty: $($name:ident),+ $(,)?) => { $(contract!(@tests $name, empty_sqlite, empty_postgres);)+ };
    ($($name:ident),+ $(,)?) => { $(contract!(@tests $name, sqlite, postgres);)+ };
    (@tests $name:ident, $sqlite:ident, $postgres:ident) => {
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                let database = $crate::support::$sqlite().await;
                super::$name(&database).await;
                database.finish().await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(database) = $crate::support::$postgres().await {
                    super::$name(&database).await;
                    database.finish().await;
                }
            }
        }
    };
}

/// One database of a test's own.
pub struct Database {
    /// Connections to it.
    pub pool: Pool,
    place: Place,
}

enum Place {
    Directory(TempDir),
    Server { administration: Box<PgConnectOptions>, name: String },
}

impl Database {
    /// A connection for reading.
    pub async fn read(&self) -> PooledConnection {
        self.pool.read().await.unwrap()
    }

    /// A transaction.
    pub async fn begin(&self) -> Transaction {
        self.pool.begin().await.unwrap()
    }

    /// A second set of connections, as another process has them.
    pub async fn neighbour(&self) -> Pool {
        match &self.place {
            Place::Directory(directory) => Pool::open_sqlite(&directory.path().join("keyward.db")).await.unwrap(),
            Place::Server { administration, name } => connect(administration, name).await,
        }
    }

    /// A path in a directory that goes when the test ends; only for SQLite.
    pub fn file(&self, name: &str) -> Option<String> {
        match &self.place {
            Place::Directory(directory) => Some(directory.path().join(name).to_str().unwrap().to_owned()),
            Place::Server { .. } => None,
        }
    }

    /// Takes the database away. A test that panics leaves its one behind: the
    /// whole cluster is gone after the run.
    pub async fn finish(self) {
        self.pool.close().await;
        if let Place::Server { administration, name } = self.place {
            let mut connection = PgConnection::connect_with(&administration).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
    }
}

/// A SQLite database without a table.
pub async fn empty_sqlite() -> Database {
    let directory = tempfile::tempdir().unwrap();
    let pool = Pool::open_sqlite(&directory.path().join("keyward.db")).await.unwrap();
    Database { pool, place: Place::Directory(directory) }
}

/// A SQLite database with all tables.
pub async fn sqlite() -> Database {
    migrated(empty_sqlite().await).await
}

/// A PostgreSQL database without a table, where `KEYWARD_TEST_POSTGRES` says.
/// Panics if that server can't be used.
pub async fn empty_postgres() -> Option<Database> {
    let Some(url) = postgres_url() else {
        println!("passed over: KEYWARD_TEST_POSTGRES doesn't name a PostgreSQL server");
        return None;
    };
    let administration: Box<PgConnectOptions> = Box::new(url.parse().unwrap());
    let mut connection = PgConnection::connect_with(&administration).await.unwrap();
    let name = "SELECT 'keyward_test_' || replace(gen_random_uuid()::text, '-', '')";
    let name: String = sqlx::query_scalar(name).fetch_one(&mut connection).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    let pool = connect(&administration, &name).await;
    Some(Database { pool, place: Place::Server { administration, name } })
}

/// A PostgreSQL database with all tables.
pub async fn postgres() -> Option<Database> {
    match empty_postgres().await {
        Some(database) => Some(migrated(database).await),
        None => None,
    }
}

async fn migrated(database: Database) -> Database {
    installation::migrate(&database.pool).await.unwrap();
    database
}

async fn connect(administration: &PgConnectOptions, name: &str) -> Pool {
    let url = administration.clone().database(name).to_url_lossy();
    Pool::connect_postgres(url.as_str()).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the one place where the tests of the store read the environment")]
fn postgres_url() -> Option<String> {
    std::env::var("KEYWARD_TEST_POSTGRES").ok()
}

/// A moment; the larger, the later.
pub fn moment(second: i64) -> Timestamp {
    from_millis(1_767_225_600_000 + second * 1000)
}

/// The `number`th id of anything; the larger, the later made.
pub fn uuid(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x019b_0000_0000_7000, 0x8000_0000_0000_0000 | number)
}

/// A valid name.
pub fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

/// Keeps an organization, the `number`th.
pub async fn add_organization(database: &Database, number: u64) -> OrganizationId {
    let id = OrganizationId::from_uuid(uuid(number));
    let made = Organization { id, name: name(&format!("Organization {number}")), created_at: moment(0) };
    let mut transaction = database.begin().await;
    organization::insert(&mut transaction.conn(), &made).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

/// Keeps a user, the `number`th.
pub async fn add_user(database: &Database, number: u64) -> User {
    let email = Email::parse("email", &format!("user{number}@example.com")).unwrap();
    let user = User {
        id: UserId::from_uuid(uuid(number)),
        email,
        name: name(&format!("User {number}")),
        created_at: moment(0),
    };
    let mut transaction = database.begin().await;
    organization::insert_user(&mut transaction.conn(), &user).await.unwrap();
    transaction.commit().await.unwrap();
    user
}

/// A role that somebody decided to give; not kept yet.
pub fn assignment(principal: Principal, scope: Scope, role: RoleId) -> Assignment {
    Assignment { principal, scope, role, source: None, created_by: None, created_at: 5 }
}

/// An active project of that name, the `number`th; not kept yet.
pub fn new_project(organization: OrganizationId, number: u64, text: &str) -> Project {
    Project {
        id: ProjectId::from_uuid(uuid(number)),
        organization,
        name: name(text),
        description: String::new(),
        deactivated_at: None,
        model_permissions: None,
        created_at: moment(1),
        updated_at: moment(1),
        version: 1,
    }
}

/// Keeps an active project, the `number`th.
pub async fn add_project(database: &Database, organization: OrganizationId, number: u64) -> Project {
    let made = new_project(organization, number, &format!("Project {number}"));
    let mut transaction = database.begin().await;
    project::insert(&mut transaction.conn(), &made).await.unwrap();
    transaction.commit().await.unwrap();
    made
}

/// An active key of a project without any restriction, the `number`th; not
/// kept yet.
pub fn new_api_key(project: &Project, number: u64) -> ApiKey {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    ApiKey {
        id: ApiKeyId::from_uuid(uuid(number)),
        organization: project.organization,
        project: project.id,
        name: name(&format!("Key {number}")),
        digest: SecretDigest(digest),
        last_four: format!("{number:04}"),
        previous: None,
        disabled: false,
        revoked_at: None,
        created_by: Creator { admin_key: None, user: None },
        service_account: None,
        created_at: moment(1),
        updated_at: moment(1),
        expires_at: None,
        max_requests: None,
        access: KeyAccess::default(),
        environment: None,
        metadata: BTreeMap::new(),
        version: 1,
    }
}

/// Keeps an active key of a project, the `number`th.
pub async fn add_api_key(database: &Database, project: &Project, number: u64) -> ApiKey {
    let made = new_api_key(project, number);
    let mut transaction = database.begin().await;
    api_key::insert(&mut transaction.conn(), &made).await.unwrap();
    transaction.commit().await.unwrap();
    made
}
