//! The only page that shows the first admin key: right after it was made.

use askama::Template;
use axum::response::Response;
use base64::{Engine, prelude::BASE64_STANDARD};
use keyward_domain::{organization::Organization, secret::KeySecret};

use crate::{
    Console,
    assets::{ASSETS, Assets},
    respond::html,
    visit::Look,
};

#[derive(Template)]
#[template(path = "setup/made.html")]
struct MadePage<'a> {
    organization: String,
    secret: &'a str,
    env_file: String,
    call: String,
    look: Look,
    assets: &'static Assets,
}

/// Shows the key.
pub fn page(console: &Console, look: Look, organization: &Organization, key: &KeySecret) -> Response {
    let (secret, url) = (key.expose(), console.keyward.public_url());
    let env = format!("KEYWARD_ADMIN_KEY={secret}\nKEYWARD_URL={url}\n");
    html(&MadePage {
        organization: organization.name.to_string(),
        secret,
        env_file: format!("data:text/plain;base64,{}", BASE64_STANDARD.encode(env)),
        call: format!("curl {url}/v1/organization/projects \\\n  -H \"Authorization: Bearer {secret}\""),
        look,
        assets: &ASSETS,
    })
}
