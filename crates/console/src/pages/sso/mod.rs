//! Single sign-on: the identity providers of the organization, connecting,
//! editing, testing and disconnecting one. Whether it is required stands in the
//! settings.

mod create;
mod delete;
mod edit;
mod fields;
mod list;
mod mappings;
mod test;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::sso::SsoProvider;
use keyward_service::{Error, sso};

use crate::{Console, visit::Visit};

const ROOT: &str = "/organization/sso";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(list::list).post(create::create))
        .route("/organization/sso/new", get(create::show))
        .route("/organization/sso/{sso_provider_id}", get(edit::show).post(edit::save))
        .route("/organization/sso/{sso_provider_id}/test", post(test::test))
        .route("/organization/sso/{sso_provider_id}/delete", get(delete::ask).post(delete::delete))
}

/// The provider that an address names.
async fn find(console: &Console, visit: &Visit, id: &str) -> Result<SsoProvider, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("single sign-on provider"))?;
    sso::find(&console.keyward, &visit.actor, id).await
}

fn page_of(provider: &SsoProvider) -> String {
    format!("{ROOT}/{}", provider.id)
}
