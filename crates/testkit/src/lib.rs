//! Keyward for tests: the real program in this process, on a port and a
//! database of its own, with a clock that only the test moves; people who ask
//! it over HTTP; a provider that answers what it is told.
//!
//! Only tests may use this crate. It knows nothing of any one resource: paths
//! and bodies are the tests'.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is test code in a library's clothes: what goes wrong here fails the test, and should say where"
)]

mod actor;
mod answer;
mod app;
mod clock;
mod mailbox;
mod member;
mod postgres;
mod provider;

pub use actor::{Actor, Asking};
pub use answer::Answer;
pub use app::{Outfit, PASSWORD, TestApp};
pub use clock::ManualClock;
pub use mailbox::{Encryption, Letter, Mailbox};
pub use member::Member;
pub use provider::{Provider, Reply, Seen};

/// Makes two tests of each `async fn name(app: &TestApp)`: `name::sqlite`, and
/// `name::postgres`, which is passed over where no PostgreSQL is named. With
/// `on Mailing:` in front, they start with that [`Outfit`].
#[macro_export]
macro_rules! on_both_databases {
    (on $outfit:ident: $($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test]
            async fn sqlite() {
                let app = $crate::TestApp::on_sqlite_with($crate::Outfit::$outfit).await;
                super::$name(&app).await;
                app.finish().await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(app) = $crate::TestApp::on_postgres_with($crate::Outfit::$outfit).await {
                    super::$name(&app).await;
                    app.finish().await;
                }
            }
        })+
    };
    ($($name:ident),+ $(,)?) => { $crate::on_both_databases!(on Usual: $($name),+); };
}
