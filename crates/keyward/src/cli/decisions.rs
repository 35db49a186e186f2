//! `keyward decisions`.

use clap::Subcommand;
use serde::Deserialize;

use super::{
    Group, Shell,
    arguments::Id,
    failure::Failure,
    table::{Heading, Shown, text, time},
};

/// What can be asked about decisions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what was decided about a request, and how its limits and budgets stood
    Get {
        /// The x-request-id of the call's answer
        request: Id,
    },
}

/// A decision as it is answered.
#[derive(Debug, Deserialize)]
struct Decision {
    request_id: String,
    created_at: i64,
    project_id: String,
    api_key_id: String,
    method: String,
    path: Option<String>,
    model: Option<String>,
    outcome: String,
    status: u16,
    decided_by: Option<DecidedBy>,
    cached: bool,
    credential_id: Option<String>,
    attempts: u8,
    limits: Vec<Limit>,
    budgets: Vec<Budget>,
}

#[derive(Debug, Deserialize)]
struct DecidedBy {
    check: Option<u8>,
    name: Option<String>,
    code: String,
    message: String,
    param: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Limit {
    of: String,
    model: Option<String>,
    measure: String,
    limit: u64,
    remaining: u64,
    #[serde(default)]
    shadow: bool,
    #[serde(default)]
    would_refuse: bool,
}

#[derive(Debug, Deserialize)]
struct Budget {
    of: String,
    window: String,
    amount: String,
    charged: String,
    reserve: String,
    #[serde(default)]
    shadow: bool,
    #[serde(default)]
    would_refuse: bool,
}

impl Shown for Decision {
    const HEADINGS: &'static [Heading] = &[text("REQUEST"), text("OUTCOME")];

    fn row(&self) -> Vec<String> {
        vec![self.request_id.clone(), self.outcome.clone()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let path = self.path.as_deref().unwrap_or("(no such address)");
        let mut details = vec![
            ("request", self.request_id.clone()),
            ("asked", format!("{} {path}", self.method)),
            ("outcome", format!("{} with status {}", self.outcome, self.status)),
        ];
        if let Some(DecidedBy { check, name, code, message, param }) = &self.decided_by {
            let by = match (check, name) {
                (Some(check), Some(name)) => format!("check {check}, {name}"),
                _ => "no check".to_owned(),
            };
            details.extend([("decided by", by), ("code", code.clone()), ("message", message.clone())]);
            details.extend(param.clone().map(|param| ("param", param)));
        }
        if self.cached {
            details.push(("answered by", "the response cache".to_owned()));
        }
        details.extend(self.credential_id.clone().map(|id| ("credential", id)));
        if self.attempts > 0 {
            details.push(("attempts", self.attempts.to_string()));
        }
        details.extend(self.model.clone().map(|model| ("model", model)));
        details.extend([
            ("key", self.api_key_id.clone()),
            ("project", self.project_id.clone()),
            ("came", time(self.created_at)),
        ]);
        details.extend(self.limits.iter().map(|met| {
            let of = met.model.as_ref().map_or_else(|| met.of.clone(), |model| format!("{} {model}", met.of));
            let shadow = in_shadow(met.shadow, met.would_refuse);
            ("limit", format!("{of}: {} of {} {} left{shadow}", met.remaining, met.limit, met.measure))
        }));
        details.extend(self.budgets.iter().map(|met| {
            let Budget { of, window, amount, charged, reserve, shadow, would_refuse } = met;
            let shadow = in_shadow(*shadow, *would_refuse);
            let text =
                format!("{of}, {window}: {charged} of {amount} dollars charged, {reserve} for this call{shadow}");
            ("budget", text)
        }));
        details
    }
}

/// What shadow mode meant for the call; nothing where something was enforced.
const fn in_shadow(shadow: bool, would_refuse: bool) -> &'static str {
    match (shadow, would_refuse) {
        (true, true) => " (in shadow mode: would have refused)",
        (true, false) => " (in shadow mode)",
        (false, _) => "",
    }
}

impl Group<Command> {
    pub(super) async fn decisions(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::Get { request } => {
                session.show::<Decision>(&format!("/v1/organization/decisions/{request}")).await
            }
        }
    }
}
