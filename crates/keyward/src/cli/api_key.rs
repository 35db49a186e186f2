//! An API key as it is answered, and as people see it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::table::{Heading, Shown, number, or_dash, several, text, time, time_or_never};

/// An API key of a project.
#[derive(Debug, Deserialize)]
pub(super) struct ApiKey {
    id: String,
    pub(super) name: String,
    #[serde(default)]
    value: Option<String>,
    redacted_value: String,
    status: String,
    #[serde(default)]
    owner: Value,
    created_at: i64,
    #[serde(default)]
    expires_at: Option<i64>,
    #[serde(default)]
    last_used_at: Option<i64>,
    #[serde(default)]
    last_used_ip: Option<String>,
    #[serde(default)]
    max_requests: Option<u64>,
    #[serde(default)]
    request_count: u64,
    #[serde(default)]
    cached_count: u64,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    allowed_models: Vec<String>,
    #[serde(default)]
    allowed_ips: Vec<String>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    require_origin: bool,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    previous_secret: Option<PreviousSecret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    cost: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PreviousSecret {
    redacted_value: String,
    expires_at: i64,
    #[serde(default)]
    last_used_at: Option<i64>,
}

impl ApiKey {
    fn cap(&self) -> String {
        self.max_requests.map_or_else(|| "∞".into(), |cap| cap.to_string())
    }

    fn origins(&self) -> String {
        let origins = several(&self.allowed_origins, "all");
        if self.require_origin { format!("{origins} (required)") } else { origins }
    }
}

impl Shown for ApiKey {
    const HEADINGS: &'static [Heading] = &[
        text("ID"),
        text("NAME"),
        text("STATUS"),
        text("KEY"),
        number("REQUESTS"),
        number("CAP"),
        text("EXPIRES"),
        text("LAST USED"),
    ];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.name.clone(),
            self.status.clone(),
            self.redacted_value.clone(),
            self.request_count.to_string(),
            self.cap(),
            time_or_never(self.expires_at),
            time_or_never(self.last_used_at),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let metadata: Vec<_> = self.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut last_used = time_or_never(self.last_used_at);
        if let Some(ip) = &self.last_used_ip {
            last_used = format!("{last_used} from {ip}");
        }
        let mut lines = vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("status", self.status.clone()),
            ("key", self.redacted_value.clone()),
            ("created", time(self.created_at)),
            ("created by", owner(&self.owner)),
            ("expires", time_or_never(self.expires_at)),
            ("last used", last_used),
            ("requests", format!("{} of {}", self.request_count, self.cap())),
            ("cached", self.cached_count.to_string()),
            ("tokens", format!("{} in, {} out", self.usage.input_tokens, self.usage.output_tokens)),
            ("scopes", several(&self.scopes, "full")),
            ("models", several(&self.allowed_models, "all of the project")),
            ("addresses", several(&self.allowed_ips, "all")),
            ("origins", self.origins()),
            ("environment", or_dash(self.environment.as_deref())),
            ("metadata", several(&metadata, "-")),
        ];
        lines.extend(self.usage.cost.as_ref().map(|cost| ("cost", format!("${cost}"))));
        if let Some(previous) = &self.previous_secret {
            let (until, used) = (time(previous.expires_at), time_or_never(previous.last_used_at));
            lines.push(("old key", format!("{} works until {until}, last used {used}", previous.redacted_value)));
        }
        lines.extend(self.value.clone().map(|value| ("value", value)));
        lines
    }
}

/// Who stands behind a key: `{type, user: {…}}` as project keys have it, or the
/// user alone as admin keys have it; by address, name or id.
pub(super) fn owner(owner: &Value) -> String {
    let person = ["user", "service_account"].iter().find_map(|kind| owner.get(*kind)).unwrap_or(owner);
    let known_as = ["email", "name", "id"].iter().find_map(|field| person.get(*field)?.as_str());
    or_dash(known_as)
}
