//! What is done to a member: disabling, enabling, removing, a link for a new
//! password, taking a lost second factor away. Each asks first.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::Name;
use keyward_service::{
    Error,
    member::{self, MadeKeys, MemberDetails, UpdateMember},
    password_reset, second_factor,
};

use super::{ROOT, find, link::LinkPage, page_of};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, parts::counted},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

/// How many of the keys that somebody made are named.
const NAMED: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Disable,
    Enable,
    Remove,
    PasswordLink,
    SecondFactor,
}

impl Action {
    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "disable" => Ok(Self::Disable),
            "enable" => Ok(Self::Enable),
            "remove" => Ok(Self::Remove),
            "password-link" => Ok(Self::PasswordLink),
            "second-factor" => Ok(Self::SecondFactor),
            _ => Err(Error::NotFound("page")),
        }
    }

    async fn ask(self, console: &Console, visit: &Visit, details: &MemberDetails) -> Result<Ask, Error> {
        let user = &details.member.user;
        let (name, page) = (&user.name, page_of(user.id));
        let ask = |word: &str, title: String, button, lines: &[&str]| Ask {
            title,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            action: format!("{page}/{word}"),
            back: page.clone(),
            button,
            is_destructive: true,
            ..Ask::default()
        };
        Ok(match self {
            Self::Disable => ask(
                "disable",
                format!("Disable {name}?"),
                "Disable",
                &[
                    "They are signed out at once and can't sign in here, and their admin keys open nothing.",
                    "What they hold is kept for when you enable them again. API keys that they made go on working.",
                ],
            ),
            Self::Enable => Ask {
                is_destructive: false,
                ..ask(
                    "enable",
                    format!("Enable {name}?"),
                    "Enable",
                    &["They can sign in again, with all that they held before. Their admin keys work again."],
                )
            },
            Self::Remove => {
                let mut ask = ask(
                    "remove",
                    format!("Remove {name} from the organization?"),
                    "Remove",
                    &[
                        "They are signed out at once and lose all that they hold here. Their admin keys are deleted. This can't be undone: they would have to be invited again.",
                    ],
                );
                ask.lines.push(left_behind(&member::keys_made_by(&console.keyward, &visit.actor, user.id).await?));
                ask.typed = Some(user.email.to_string());
                ask
            }
            Self::PasswordLink => Ask {
                is_destructive: false,
                ..ask(
                    "password-link",
                    format!("Make a password reset link for {name}?"),
                    "Make the link",
                    &[
                        "Whoever has the link can set a new password for this account, once and within an hour. Hand it to nobody else.",
                        "A link that was made before opens nothing any more.",
                    ],
                )
            },
            Self::SecondFactor => ask(
                "second-factor",
                format!("Remove the second factor of {name}?"),
                "Remove second factor",
                &[
                    "From then on their password alone signs them in, until they set up another one.",
                    "Make sure that it is really them who asks.",
                ],
            ),
        })
    }
}

/// Which API keys stay when their maker goes.
fn left_behind(made: &MadeKeys) -> String {
    if made.count == 0 {
        return "They made no API key that still works.".into();
    }
    let names: Vec<_> = made.api_keys.iter().take(NAMED).map(|key| Name::as_str(&key.name)).collect();
    let more = made.count.saturating_sub(i64::try_from(names.len()).unwrap_or(0));
    let more = if more > 0 { format!(" and {} more", counted(more, "key", "keys")) } else { String::new() };
    let (keys, verb) = (counted(made.count, "API key", "API keys"), if made.count == 1 { "keeps" } else { "keep" });
    format!(
        "{keys} that they made {verb} working: {}{more}. Revoke or regenerate those that they may know.",
        names.join(", ")
    )
}

fn shell(visit: &Visit, details: &MemberDetails, title: &str) -> Shell {
    let user = &details.member.user;
    Shell::new(visit, title).crumb(ROOT, "Users").crumb(page_of(user.id), user.name.to_string())
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((user_id, action)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let details = find(&console, &visit, &user_id).await?;
    let ask = action.ask(&console, &visit, &details).await?;
    let shell = shell(&visit, &details, ask.button);
    Ok(ask.page(shell))
}

pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path((user_id, action)): Path<(String, String)>,
    mut form: Form,
) -> Result<Response, Refused> {
    let action = Action::parse(&action)?;
    let details = find(&console, &visit, &user_id).await?;
    let ask = action.ask(&console, &visit, &details).await?;
    let shell = shell(&visit, &details, ask.button);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match carry_out(&console, &visit, &details, action).await {
        Ok(answer) => Ok(answer),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}

async fn carry_out(
    console: &Console,
    visit: &Visit,
    details: &MemberDetails,
    action: Action,
) -> Result<Response, Error> {
    let (keyward, actor, user) = (&console.keyward, &visit.actor, &details.member.user);
    let (page, name) = (page_of(user.id), &user.name);
    let switch = |disabled| UpdateMember { disabled: Some(disabled), ..UpdateMember::default() };
    match action {
        Action::Disable => {
            member::update(keyward, actor, user.id, switch(true)).await?;
            Ok(to_telling(&page, format!("{name} is disabled: they can't sign in here.")))
        }
        Action::Enable => {
            member::update(keyward, actor, user.id, switch(false)).await?;
            Ok(to_telling(&page, format!("{name} is enabled: they can sign in again.")))
        }
        Action::Remove => {
            let removed = member::remove(keyward, actor, user.id).await?;
            let kept = counted(removed.api_key_count, "API key that they made keeps", "API keys that they made keep");
            let kept = if removed.api_key_count > 0 { format!(" {kept} working.") } else { String::new() };
            Ok(to_telling(ROOT, format!("{name} has been removed.{kept}")))
        }
        Action::PasswordLink => {
            let handed = password_reset::hand_over(keyward, actor, user.id).await?;
            let page = LinkPage {
                shell: shell(visit, details, "Password reset link"),
                title: format!("Password reset link for {name}"),
                label: "The link",
                link: handed.link.expose(),
                ends: When::new(handed.expires_at, visit.now),
                hint: "Hand it to them by a way that nobody else reads. It sets a new password, once.",
                back: page,
            };
            Ok(page.show())
        }
        Action::SecondFactor => {
            second_factor::remove_of(keyward, actor, user.id).await?;
            Ok(to_telling(&page, format!("The second factor of {name} has been removed.")))
        }
    }
}
