//! A PostgreSQL database of a test's own, where `KEYWARD_TEST_POSTGRES` says.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

const NAME: &str = "SELECT 'keyward_test_' || replace(gen_random_uuid()::text, '-', '')";

#[derive(Debug)]
pub(crate) struct Database {
    administration: PgConnectOptions,
    name: String,
}

impl Database {
    /// An empty one; `None` where no server is named.
    pub(crate) async fn create() -> Option<Self> {
        let administration: PgConnectOptions = url()?.parse().expect("KEYWARD_TEST_POSTGRES is a URL of PostgreSQL's");
        let mut connection = PgConnection::connect_with(&administration).await.unwrap();
        let name: String = sqlx::query_scalar(NAME).fetch_one(&mut connection).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        Some(Self { administration, name })
    }

    pub(crate) fn url(&self) -> String {
        self.administration.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// Takes it away. A test that panics leaves its one behind: the whole
    /// cluster is gone after the run.
    pub(crate) async fn drop(self) {
        let mut connection = PgConnection::connect_with(&self.administration).await.unwrap();
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where tests over HTTP read the environment")]
fn url() -> Option<String> {
    std::env::var("KEYWARD_TEST_POSTGRES").ok()
}
