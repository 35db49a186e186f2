//! Prices that an organization sets for itself.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;

use keyward_domain::{Invalid, provider::Provider};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        retrieve::retrieve,
        modify::modify,
        delete::delete
    ))
}

/// Reads the field `provider`.
fn provider(name: &str) -> Result<Provider, Invalid> {
    Provider::parse(name).ok_or_else(|| {
        let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.as_str()).collect();
        Invalid::new("provider", format!("provider must be one of: {}; or null, for any.", known.join(", ")))
    })
}
