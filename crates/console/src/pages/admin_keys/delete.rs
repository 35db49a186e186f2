//! Deleting an admin key.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::id::AdminKeyId;
use keyward_service::{
    Error,
    admin_key::{self, DescribedAdminKey},
};

use super::ROOT;
use crate::{
    Console, form::Form, pages::confirm::Ask, problem_page::Refused, shell::Shell, toast::to_telling, visit::Visit,
};

async fn find(console: &Console, visit: &Visit, id: &str) -> Result<DescribedAdminKey, Error> {
    let id: AdminKeyId = id.parse().map_err(|_| Error::NotFound("admin key"))?;
    admin_key::find(&console.keyward, &visit.actor, id).await
}

fn question(described: &DescribedAdminKey) -> Ask {
    let key = &described.details.key;
    Ask {
        title: format!("Delete admin key {}?", key.name),
        lines: vec![
            format!(
                "Programs that use {} are refused from their next request on. This can't be undone.",
                key.redacted_value()
            ),
            "Give them another key before you delete this one.".into(),
        ],
        action: format!("{ROOT}/{}/delete", key.id),
        button: "Delete",
        back: ROOT.to_owned(),
        is_destructive: true,
        typed: Some(key.name.to_string()),
        ..Ask::default()
    }
}

fn shell(visit: &Visit) -> Shell {
    Shell::new(visit, "Delete").crumb(ROOT, "Admin keys")
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(admin_key_id): Path<String>,
) -> Result<Response, Refused> {
    let described = find(&console, &visit, &admin_key_id).await?;
    Ok(question(&described).page(shell(&visit)))
}

pub async fn delete(
    State(console): State<Console>,
    visit: Visit,
    Path(admin_key_id): Path<String>,
    mut form: Form,
) -> Result<Response, Refused> {
    let described = find(&console, &visit, &admin_key_id).await?;
    let (ask, shell) = (question(&described), shell(&visit));
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    let key = &described.details.key;
    match admin_key::delete(&console.keyward, &visit.actor, key.id).await {
        Ok(()) => Ok(to_telling(ROOT, format!("The admin key {} has been deleted.", key.name))),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
