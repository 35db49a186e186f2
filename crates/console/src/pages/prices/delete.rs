//! Deleting a price.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::price_override::PriceOverride;
use keyward_service::price;

use super::{ROOT, find, page_of};
use crate::{
    Console, form::Form, pages::confirm::Ask, problem_page::Refused, shell::Shell, toast::to_telling, visit::Visit,
};

fn question(price: &PriceOverride) -> Ask {
    let page = page_of(price);
    Ask {
        title: format!("Delete the price of {}?", price.model),
        lines: vec![
            "From the next call on, your other prices that fit or the provider's own list hold. What calls cost before stays.".into(),
        ],
        action: format!("{page}/delete"),
        button: "Delete price",
        back: page,
        is_destructive: true,
        ..Ask::default()
    }
}

fn shell(visit: &Visit, price: &PriceOverride) -> Shell {
    Shell::new(visit, "Delete price").crumb(ROOT, "Model costs").crumb(page_of(price), price.model.clone())
}

pub async fn ask(State(console): State<Console>, visit: Visit, id: Path<String>) -> Result<Response, Refused> {
    let price = find(&console, &visit, id).await?;
    Ok(question(&price).page(shell(&visit, &price)))
}

pub async fn delete(
    State(console): State<Console>,
    visit: Visit,
    id: Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let price = find(&console, &visit, id).await?;
    match price::delete(&console.keyward, &visit.actor, price.id).await {
        Ok(()) => Ok(to_telling(ROOT, format!("The price of {} has been deleted.", price.model))),
        Err(error) => Ok(question(&price).refused(shell(&visit, &price), form, &error.into())),
    }
}
