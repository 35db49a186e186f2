//! `GET /organization/prices`

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{page::Order, price_override::PriceOverride};
use keyward_service::price;

use super::{label_of, may_manage, page_of};
use crate::{
    Console,
    list::{Paging, Query},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    model: String,
    provider: &'static str,
    from: When,
    input: String,
    output: String,
    cache: String,
    request: String,
}

#[derive(Template)]
#[template(path = "prices/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    paging: Paging,
    may_manage: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let listed = price::list(&console.keyward, &visit.actor, query.page(Order::Desc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|price| price.id.to_string()), last.map(|price| price.id.to_string()));
    let page = ListPage {
        shell: Shell::new(&visit, "Model costs"),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.iter().map(|price| row(price, &visit)).collect(),
        may_manage: may_manage(&visit),
    };
    Ok(html(&page))
}

fn row(price: &PriceOverride, visit: &Visit) -> Row {
    let written = price.prices.written();
    let some = |text: Option<String>| text.map_or("as input".to_owned(), |text| format!("${text}"));
    Row {
        href: page_of(price),
        model: price.model.clone(),
        provider: label_of(price.provider),
        from: When::new(price.effective_from, visit.now),
        input: format!("${}", written.input),
        output: format!("${}", written.output),
        cache: format!("{} / {}", some(written.cache_read), some(written.cache_write)),
        request: format!("${}", written.request.unwrap_or_default()),
    }
}
