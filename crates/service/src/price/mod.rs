//! Prices that an organization sets for itself: create, edit, delete, look up,
//! list. Calls are priced by them from the next one on; what was priced before
//! stays as it was.

mod create;
mod delete;
pub(crate) mod index;
mod list;
mod update;

use keyward_domain::{Timestamp, price_override::PriceOverride};
use keyward_store::StoreError;

use crate::Error;

pub use create::{CreatePrice, create};
pub use delete::delete;
pub use list::{find, list};
pub use update::{UpdatePrice, update};

/// A moment as it is stored: to the millisecond.
fn stored(moment: Timestamp) -> Timestamp {
    keyward_domain::clock::from_millis(keyward_domain::clock::to_millis(moment))
}

fn taken(price: &PriceOverride) -> impl Fn(StoreError) -> Error {
    let (model, from) = (price.model.clone(), price.effective_from);
    move |error| {
        if keyward_store::price::is_taken(&error) {
            let message = format!(
                "There is a price of {model:?} from {from} on already. Change that one, or give another effective_from."
            );
            Error::Conflict { code: "price_exists", param: Some("model"), message }
        } else {
            error.into()
        }
    }
}
