//! Deactivating and activating a project, and revoking all of its keys: each
//! asks first.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{permission::Permission, project::Project, role::Scope};
use keyward_service::{Error, api_key, project};

use super::find;
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, parts::counted},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

/// What can be done to a project's calls.
#[derive(Debug, Clone, Copy)]
enum Action {
    Deactivate,
    Activate,
    RevokeAll,
}

impl Action {
    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "deactivate" => Ok(Self::Deactivate),
            "activate" => Ok(Self::Activate),
            "revoke-all" => Ok(Self::RevokeAll),
            _ => Err(Error::NotFound("page")),
        }
    }

    fn ask(self, visit: &Visit, project: &Project) -> Ask {
        let root = format!("/projects/{}", project.id);
        let ask = |word: &str, title: String, button, lines: &[&str]| Ask {
            title,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            action: format!("{root}/{word}"),
            back: root.clone(),
            button,
            ..Ask::default()
        };
        match self {
            Self::Deactivate => {
                let may_revoke = visit.may(Permission::ApiKeysRevoke, Scope::Project(project.id));
                let revoke = ("revoke", "Also revoke all of its API keys", "This part can't be undone.");
                Ask {
                    is_destructive: true,
                    boxes: may_revoke.then_some(revoke).into_iter().collect(),
                    ..ask(
                        "deactivate",
                        format!("Deactivate project {}?", project.name),
                        "Deactivate Project",
                        &[
                            "Every call with its API keys fails at once, and no new key can be made.",
                            "Its keys are kept: they work again once the project is activated.",
                        ],
                    )
                }
            }
            Self::Activate => ask(
                "activate",
                format!("Activate project {}?", project.name),
                "Activate Project",
                &["Its API keys work again from the next call on, unless they expired or were revoked."],
            ),
            Self::RevokeAll => Ask {
                is_destructive: true,
                typed: Some(project.name.to_string()),
                ..ask(
                    "revoke-all",
                    format!("Revoke all API keys of {}?", project.name),
                    "Revoke All Keys",
                    &[
                        "All keys stop working at once, for good. This can't be undone.",
                        "Applications need new keys afterwards: create and hand them out first if their calls must not fail.",
                    ],
                )
            },
        }
    }

    /// Does it; answers what to tell.
    async fn carry_out(
        self,
        console: &Console,
        visit: &Visit,
        project: &Project,
        form: &Form,
    ) -> Result<String, Error> {
        let (keyward, actor, id) = (&console.keyward, &visit.actor, project.id);
        Ok(match self {
            Self::Deactivate => {
                project::deactivate(keyward, actor, id, form.is_ticked("revoke"), None).await?;
                "The project is inactive: its calls are refused.".into()
            }
            Self::Activate => {
                project::activate(keyward, actor, id, None).await?;
                "The project is active: its API keys work.".into()
            }
            Self::RevokeAll => {
                let done = api_key::revoke_all(keyward, actor, id).await?;
                format!("{} revoked.", counted(done.revoked, "API key was", "API keys were"))
            }
        })
    }
}

fn shell(visit: &Visit, project: &Project, ask: &Ask) -> Shell {
    Shell::new(visit, ask.button).within(visit, project)
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, action)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let project = find(&console, &visit, &project_id).await?.project;
    let ask = action.ask(&visit, &project);
    let shell = shell(&visit, &project, &ask);
    Ok(ask.page(shell))
}

pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, action)): Path<(String, String)>,
    mut form: Form,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let project = find(&console, &visit, &project_id).await?.project;
    let ask = action.ask(&visit, &project);
    let shell = shell(&visit, &project, &ask);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match action.carry_out(&console, &visit, &project, &form).await {
        Ok(text) => Ok(to_telling(&format!("/projects/{}", project.id), text)),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
