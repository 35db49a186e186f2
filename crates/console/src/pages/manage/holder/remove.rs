//! Taking somebody, or a group, out of a project.

use axum::{extract::State, response::Response};
use keyward_service::{project_group, project_member};

use super::{Held, Holder};
use crate::{Console, form::Form, pages::confirm::Ask, toast::to_telling};

fn question(holder: &Holder) -> Ask {
    let (who, lines) = match holder.held {
        Held::Person(_) => (
            holder.name().to_owned(),
            [
                "They lose what they hold in this project at once. They stay a member of the organization.",
                "API keys that they created go on working: they belong to the project.",
            ],
        ),
        Held::Group(_) => (
            format!("the group {}", holder.name()),
            [
                "Its members lose what they hold in this project through it alone, at once.",
                "The group stays, and so does what it holds elsewhere. API keys go on working: they belong to the project.",
            ],
        ),
    };
    Ask {
        title: format!("Remove {who} from {}?", holder.project.name),
        lines: lines.map(str::to_owned).into(),
        action: format!("{}/remove", holder.page()),
        button: "Remove",
        back: holder.page(),
        is_destructive: true,
        ..Ask::default()
    }
}

pub async fn ask(holder: Holder) -> Response {
    question(&holder).page(holder.below("Remove"))
}

pub async fn remove(State(console): State<Console>, holder: Holder, form: Form) -> Response {
    let (keyward, actor, project) = (&console.keyward, &holder.visit.actor, holder.project.id);
    let (done, who) = match &holder.held {
        Held::Person(details) => {
            let done = project_member::remove(keyward, actor, project, details.member.user.id).await;
            (done, holder.name().to_owned())
        }
        Held::Group(held) => {
            let done = project_group::remove(keyward, actor, project, held.group.id).await;
            (done, format!("The group {}", holder.name()))
        }
    };
    match done {
        Ok(()) => to_telling(&holder.list(), format!("{who} has been removed from the project.")),
        Err(error) => question(&holder).refused(holder.below("Remove"), form, &error.into()),
    }
}
