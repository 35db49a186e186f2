//! `/organization/prices/{id}`: a price, and changing it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::price_override::PriceOverride;
use keyward_service::price;
use keyward_web::Problem;

use super::{
    ROOT,
    fields::{self, FIELDS},
    find, label_of, may_manage, page_of,
};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
    when::When,
};

#[derive(Template)]
#[template(path = "prices/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    model: String,
    provider: &'static str,
    from: When,
    created: When,
    updated: When,
    /// Of the price as it is: label and dollars.
    prices: Vec<(&'static str, String)>,
    form: Form,
    providers: Vec<(&'static str, &'static str)>,
    can_manage: bool,
}

fn page(visit: &Visit, price: &PriceOverride, form: Form, status: StatusCode) -> Response {
    let written = price.prices.written();
    let some = |text: Option<String>| text.map_or("as other input".to_owned(), |text| format!("${text}"));
    let page = EditPage {
        shell: Shell::new(visit, price.model.clone()).crumb(ROOT, "Model costs"),
        page: page_of(price),
        model: price.model.clone(),
        provider: label_of(price.provider),
        from: When::new(price.effective_from, visit.now),
        created: When::new(price.created_at, visit.now),
        updated: When::new(price.updated_at, visit.now),
        prices: vec![
            ("Input", format!("${}", written.input)),
            ("Output", format!("${}", written.output)),
            ("Read from a cache", some(written.cache_read)),
            ("Written to a cache", some(written.cache_write)),
            ("Each call", format!("${}", written.request.unwrap_or_default())),
        ],
        form,
        providers: fields::choices(),
        can_manage: may_manage(visit),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, visit: Visit, id: Path<String>) -> Result<Response, Refused> {
    let price = find(&console, &visit, id).await?;
    Ok(page(&visit, &price, fields::filled(&price), StatusCode::OK))
}

pub async fn save(
    State(console): State<Console>,
    visit: Visit,
    id: Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let price = find(&console, &visit, id).await?;
    let outcome = async {
        let command = fields::update(&form)?;
        Ok::<_, Problem>(price::update(&console.keyward, &visit.actor, price.id, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(ROOT, "The price has been changed. Calls have it from now on.")),
        Err(problem) if problem.code == "stale_version" => {
            let fields = [
                ("Model", "model"),
                ("From", "effective_from"),
                ("Input", "input"),
                ("Output", "output"),
                ("Read from a cache", "cache_read"),
                ("Written to a cache", "cache_write"),
                ("Each call", "request"),
            ];
            let form = form.overtaken(&fields::filled(&price), "price", &fields);
            Ok(page(&visit, &price, form, problem.status))
        }
        Err(problem) => Ok(page(&visit, &price, form.take(&problem, FIELDS), problem.status)),
    }
}
