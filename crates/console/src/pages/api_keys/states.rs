//! Disabling, enabling, revoking and deleting a key: each asks first.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::api_key::KeyPatch;
use keyward_service::{
    Error,
    api_key::{self, UpdateApiKey},
};

use super::{Found, find};
use crate::{
    Console,
    form::Form,
    pages::confirm::Ask,
    problem_page::Refused,
    shell::Shell,
    toast::{Toast, to_telling, to_telling_with},
    visit::Visit,
};

/// What can be done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Disable,
    Enable,
    Revoke,
    Delete,
}

impl Action {
    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "disable" => Ok(Self::Disable),
            "enable" => Ok(Self::Enable),
            "revoke" => Ok(Self::Revoke),
            "delete" => Ok(Self::Delete),
            _ => Err(Error::NotFound("page")),
        }
    }

    fn ask(self, found: &Found) -> Ask {
        let (name, page) = (&found.details.key.name, found.page());
        let ask = |word: &str, title: String, button, lines: &[&str]| Ask {
            title,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            action: format!("{page}/{word}"),
            back: page.clone(),
            button,
            ..Ask::default()
        };
        match self {
            Self::Disable => Ask {
                is_destructive: true,
                ..ask(
                    "disable",
                    format!("Disable key {name}?"),
                    "Disable",
                    &[
                        "Disabling a key immediately blocks every call that uses it.",
                        "Set it back to Active to allow calls again.",
                    ],
                )
            },
            Self::Enable => ask(
                "enable",
                format!("Enable key {name}?"),
                "Enable",
                &["Calls with this key get through again at once."],
            ),
            Self::Revoke => Ask {
                is_destructive: true,
                typed: Some(name.to_string()),
                ..ask(
                    "revoke",
                    format!("Revoke key {name}?"),
                    "Revoke",
                    &[
                        "Calls that use it fail at once. It stays in the list, and this can't be undone.",
                        "Update the applications that use this key before you revoke it.",
                    ],
                )
            },
            Self::Delete => Ask {
                is_destructive: true,
                typed: Some(name.to_string()),
                ..ask(
                    "delete",
                    format!("Delete key {name}?"),
                    "Delete",
                    &[
                        "Calls that use it fail at once, and it leaves the list. This can't be undone.",
                        "Update the applications that use this key before you delete it.",
                    ],
                )
            },
        }
    }
}

fn shell(visit: &Visit, found: &Found, title: &str) -> Shell {
    Shell::new(visit, title)
        .within(visit, &found.project)
        .crumb(found.list(), "API keys")
        .crumb(found.page(), found.details.key.name.to_string())
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((project, key, action)): Path<(String, String, String)>,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let found = find(&console, &visit, &(project, key)).await?;
    let ask = action.ask(&found);
    Ok(ask.clone().page(shell(&visit, &found, ask.button)))
}

pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path((project, key, action)): Path<(String, String, String)>,
    mut form: Form,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let found = find(&console, &visit, &(project, key)).await?;
    let ask = action.ask(&found);
    if !ask.is_answered(&mut form) {
        return Ok(ask.clone().again(shell(&visit, &found, ask.button), form, StatusCode::BAD_REQUEST));
    }
    match carry_out(&console, &visit, &found, action).await {
        Ok(answer) => Ok(answer),
        Err(error) => Ok(ask.clone().refused(shell(&visit, &found, ask.button), form, &error.into())),
    }
}

async fn carry_out(console: &Console, visit: &Visit, found: &Found, action: Action) -> Result<Response, Error> {
    let (keyward, actor, place) = (&console.keyward, &visit.actor, found.place);
    let name = &found.details.key.name;
    let switch = |disabled| UpdateApiKey {
        place,
        patch: KeyPatch { disabled: Some(disabled), ..KeyPatch::default() },
        expected_version: None,
    };
    let text = match action {
        Action::Disable => {
            api_key::update(keyward, actor, switch(true)).await?;
            format!("The API key {name} is disabled: its calls are refused.")
        }
        Action::Enable => {
            api_key::update(keyward, actor, switch(false)).await?;
            format!("The API key {name} is active: its calls get through.")
        }
        Action::Revoke => {
            api_key::revoke(keyward, actor, place, None).await?;
            format!("The API key {name} is revoked.")
        }
        Action::Delete => {
            api_key::delete(keyward, actor, place, None).await?;
            return Ok(to_telling(&found.list(), format!("The API key {name} has been deleted.")));
        }
    };
    let link = Some((found.page(), "See the key".to_owned()));
    Ok(to_telling_with(&found.list(), Toast { text, link }))
}
