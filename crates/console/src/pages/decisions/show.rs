//! `/organization/usage/decisions`, `/projects/{id}/usage/decisions`: a request's id, and what
//! was decided about it.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{
    api_key::ApiKey,
    decision::{Check, Decision, Held, Verdict},
    limit::Measure,
    money::dollars,
    permission::Permission,
};
use keyward_service::{
    Error,
    api_key::{self, ApiKeyPlace},
    decision, project,
};

use crate::{
    Console,
    list::Query,
    pages::{
        parts::{Badge, grouped},
        place::Place,
    },
    problem_page::Refused,
    respond::html,
    shell::Shell,
    when::When,
};

/// Something with a page of its own, if the visitor may see it.
struct Link {
    label: String,
    /// Empty where there is nothing to open.
    href: String,
}

struct Limit {
    of: String,
    measure: &'static str,
    limit: String,
    remaining: String,
    shadow: &'static str,
}

struct Budget {
    of: String,
    window: &'static str,
    amount: String,
    charged: String,
    reserve: String,
    shadow: &'static str,
}

/// A decision as it is shown.
struct Shown {
    request: String,
    at: When,
    badge: Badge,
    /// What was asked, and its answer's status.
    asked: String,
    status: u16,
    model: String,
    project: Link,
    key: Link,
    /// What decided, in words; empty where somebody answered.
    decided_by: String,
    message: String,
    code: String,
    param: String,
    /// Who answered, in words; empty if nobody did.
    answered_by: &'static str,
    credential: String,
    attempts: u8,
    limits: Vec<Limit>,
    budgets: Vec<Budget>,
}

#[derive(Template)]
#[template(path = "decisions/show.html")]
struct DecisionPage {
    shell: Shell,
    root: String,
    in_project: bool,
    /// What was looked for.
    wanted: String,
    shown: Option<Shown>,
}

pub async fn show(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    place.require(Permission::UsageRead)?;
    let wanted = query.get("request_id").to_owned();
    let shown = match find(&console, &place, &wanted).await {
        Ok(decision) => Some(shown(&console, &place, decision).await),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let root = place.root();
    let shell = place.shell("Look up a request").crumb(format!("{root}/usage"), "Usage");
    let in_project = place.project.is_some();
    Ok(html(&DecisionPage { shell, root, in_project, wanted, shown }))
}

async fn find(console: &Console, place: &Place, wanted: &str) -> Result<Decision, Error> {
    let id = wanted.parse().map_err(|_| Error::NotFound("decision"))?;
    let decision = decision::find(&console.keyward, &place.visit.actor, id).await?;
    match place.project_id() {
        Some(project) if project != decision.project => Err(Error::NotFound("decision")),
        _ => Ok(decision),
    }
}

async fn shown(console: &Console, place: &Place, decision: Decision) -> Shown {
    let badge = match decision.verdict {
        Verdict::LetThrough => Badge { kind: "good", shape: "active", label: "Let through" },
        Verdict::Refused => Badge { kind: "bad", shape: "revoked", label: "Refused" },
        Verdict::Failed => Badge { kind: "warn", shape: "warn", label: "Failed" },
    };
    let decided_by = match &decision.reason {
        None => String::new(),
        Some(reason) => match reason.check {
            Some(check) => format!("Check {}: {}", check.number(), what(check)),
            None => "None: it passed every check, and nobody could answer".to_owned(),
        },
    };
    let (project, key) = links(console, place, &decision).await;
    let reason = decision.reason.as_ref();
    Shown {
        request: decision.request.to_string(),
        at: When::new(decision.at(), place.visit.now),
        badge,
        asked: format!(
            "{} {}",
            decision.method,
            if decision.path.is_empty() { "(no such address)" } else { &decision.path }
        ),
        status: decision.status,
        project,
        key,
        decided_by,
        message: reason.map(|reason| reason.message.clone()).unwrap_or_default(),
        code: reason.map(|reason| reason.code.clone()).unwrap_or_default(),
        param: reason.and_then(|reason| reason.param.clone()).unwrap_or_default(),
        answered_by: match (decision.cached, decision.verdict) {
            (true, _) => "The response cache",
            (false, Verdict::LetThrough) if decision.credential.is_some() => "Its provider",
            (false, Verdict::LetThrough) => "Keyward",
            (false, Verdict::Refused | Verdict::Failed) => "",
        },
        credential: decision.credential.map(|id| id.to_string()).unwrap_or_default(),
        attempts: decision.attempts,
        limits: decision
            .limits
            .iter()
            .map(|met| Limit {
                of: of(&met.of),
                measure: match met.measure {
                    Measure::Requests => "Requests a minute",
                    Measure::Tokens => "Tokens a minute",
                    Measure::Parallel => "Calls at one time",
                },
                limit: grouped(met.limit),
                remaining: grouped(met.remaining),
                shadow: in_shadow(met.shadow, met.would_refuse),
            })
            .collect(),
        budgets: decision
            .budgets
            .iter()
            .map(|met| Budget {
                of: of(&met.of),
                window: met.window.as_str(),
                amount: format!("${}", dollars(met.amount_nanos)),
                charged: format!("${}", dollars(met.charged_nanos)),
                reserve: format!("${}", dollars(met.reserve_nanos)),
                shadow: in_shadow(met.shadow, met.would_refuse),
            })
            .collect(),
        model: decision.model,
    }
}

/// The project and the key, by name where the visitor may know it.
async fn links(console: &Console, place: &Place, decision: &Decision) -> (Link, Link) {
    let (keyward, actor) = (&console.keyward, &place.visit.actor);
    let (project, key) = (decision.project, decision.key);
    let found = project::find(keyward, actor, project).await;
    let of_project = match found {
        Ok(found) => Link { label: found.project.name.to_string(), href: format!("/projects/{project}") },
        Err(_) => Link { label: project.to_string(), href: String::new() },
    };
    let found = api_key::find(keyward, actor, ApiKeyPlace { project, key }).await;
    let name =
        |key: ApiKey| Link { label: key.name.to_string(), href: format!("/projects/{project}/api-keys/{}", key.id) };
    let of_key = found.map_or_else(|_| Link { label: key.to_string(), href: String::new() }, |found| name(found.key));
    (of_project, of_key)
}

/// What a check looks at.
const fn what(check: Check) -> &'static str {
    match check {
        Check::Key => "whether the API key is known",
        Check::KeyState => "whether the API key is active",
        Check::Project => "whether the project is active",
        Check::Origin => "where the call comes from",
        Check::Route => "address and method",
        Check::Scope => "the scopes of the API key",
        Check::Request => "whether the request can be read, and what it asks for may be used",
        Check::RequestCap => "the request cap of the API key",
        Check::RateLimit => "rate limits",
        Check::Budget => "budgets",
        Check::Credential => "whether there is a credential",
    }
}

/// What shadow mode meant for the call; empty where something was enforced.
const fn in_shadow(shadow: bool, would_refuse: bool) -> &'static str {
    match (shadow, would_refuse) {
        (true, true) => "in shadow mode: would have refused",
        (true, false) => "in shadow mode",
        (false, _) => "",
    }
}

fn of(held: &Held) -> String {
    match held {
        Held::Key => "The API key".to_owned(),
        Held::Project => "The project".to_owned(),
        Held::Organization => "The organization".to_owned(),
        Held::Model(model) => format!("Model {model}"),
    }
}
