//! Model costs: the prices that an organization sets for itself.

mod create;
mod delete;
mod edit;
mod fields;
mod list;

use axum::{Router, extract::Path, routing::get};
use keyward_domain::{permission::Permission, price_override::PriceOverride, provider::Provider, role::Scope};
use keyward_service::{Error, price};

use super::projects::provider_label;
use crate::{Console, visit::Visit};

const ROOT: &str = "/organization/prices";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(list::list).post(create::create))
        .route("/organization/prices/new", get(create::show))
        .route("/organization/prices/{price_id}", get(edit::show).post(edit::save))
        .route("/organization/prices/{price_id}/delete", get(delete::ask).post(delete::delete))
}

/// The price that an address names.
async fn find(console: &Console, visit: &Visit, Path(id): Path<String>) -> Result<PriceOverride, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("price"))?;
    price::find(&console.keyward, &visit.actor, id).await
}

fn page_of(price: &PriceOverride) -> String {
    format!("{ROOT}/{}", price.id)
}

fn may_manage(visit: &Visit) -> bool {
    visit.may(Permission::PricesManage, Scope::Organization)
}

fn label_of(provider: Option<Provider>) -> &'static str {
    provider.map_or("Any provider", provider_label)
}
