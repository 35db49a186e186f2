//! `/invitation/{token}/decline`: declining it, after a question.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_service::{Error, invitation};

use super::{Opened, gone};
use crate::{
    Console,
    assets::{ASSETS, Assets},
    pages::notice::Notice,
    problem_page::Refused,
    respond::html,
    visit::{Look, Stranger},
};

#[derive(Template)]
#[template(path = "invitation/decline.html")]
struct DeclinePage {
    root: String,
    organization: String,
    look: Look,
    assets: &'static Assets,
}

pub async fn ask(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    let Some(opened) = Opened::find(&console, &stranger, &token).await? else { return Ok(gone(stranger.look)) };
    let organization = opened.described.organization.name.to_string();
    Ok(html(&DeclinePage { root: opened.root(), organization, look: stranger.look, assets: &ASSETS }))
}

pub async fn decline(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    let Some(opened) = Opened::find(&console, &stranger, &token).await? else { return Ok(gone(stranger.look)) };
    match invitation::decline(&console.keyward, &opened.token, stranger.origin).await {
        Err(Error::InvalidLink) => return Ok(gone(stranger.look)),
        other => other?,
    }
    let organization = &opened.described.organization.name;
    let notice = Notice::new(stranger.look, "You have declined")
        .line(format!("You aren't a member of {organization}, and the link opens nothing any more."))
        .line("If you change your mind, ask for a new invitation. You can close this page.");
    Ok(notice.page(StatusCode::OK))
}
