//! The question before whatever can't be undone, or stops somebody's calls. In
//! a dialog where a script runs, else as a page.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use keyward_web::Problem;

use crate::{
    form::Form,
    respond::{html, html_with},
    shell::Shell,
};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The question, with the name of the thing.
    pub title: String,
    /// What will happen, and what to do before.
    pub lines: Vec<String>,
    /// Where the answer goes.
    pub action: String,
    /// The button's words.
    pub button: &'static str,
    /// Where Cancel leads.
    pub back: String,
    /// Whether something is lost.
    pub is_destructive: bool,
    /// The name that must be typed first.
    pub typed: Option<String>,
    /// What is sent along.
    pub hidden: Vec<(&'static str, String)>,
    /// What may be ticked: name, words, hint.
    pub boxes: Vec<(&'static str, &'static str, &'static str)>,
    /// What must be chosen.
    pub choice: Option<Choice>,
}

/// One of several things that the answer names.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The field.
    pub name: &'static str,
    /// Its words.
    pub label: &'static str,
    /// What they mean.
    pub hint: &'static str,
    /// Values, and what they are called.
    pub options: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    shell: Shell,
    ask: Ask,
    form: Form,
}

impl Ask {
    /// The question as a page.
    pub fn page(self, shell: Shell) -> Response {
        html(&ConfirmPage { shell, ask: self, form: Form::default() })
    }

    /// The question again, with what spoke against it.
    pub fn again(self, shell: Shell, form: Form, status: StatusCode) -> Response {
        html_with(status, &ConfirmPage { shell, ask: self, form })
    }

    /// The question again after a refusal by the service.
    pub fn refused(self, shell: Shell, form: Form, problem: &Problem) -> Response {
        let fields: Vec<_> = self.choice.iter().map(|choice| (choice.name, choice.name)).collect();
        self.again(shell, form.take(problem, &fields), problem.status)
    }

    /// Whether the name was typed as it is.
    pub fn is_answered(&self, form: &mut Form) -> bool {
        let Some(typed) = &self.typed else { return true };
        let is_right = form.text("typed").trim() == typed;
        if !is_right {
            form.refuse("typed", "This isn't the name: type it as it stands above.");
        }
        is_right
    }
}
