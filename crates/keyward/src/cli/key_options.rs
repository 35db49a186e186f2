//! The options that an API key is made and changed with, and the fields that
//! they become.

use clap::{Args, ValueEnum};
use keyward_domain::{
    Timestamp,
    permission::{Kind, Permission},
};
use serde_json::{Value, json};

use super::{
    arguments::{duration, moment, object, pair, scope},
    failure::Failure,
    fields::Fields,
};

/// What a key may do, for how long, and from where.
#[derive(Debug, Args)]
pub(super) struct KeyOptions {
    /// Stops working after this time: 30d, 12h, 45m, or seconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires_in: Option<i64>,
    /// Stops working at this time: 2027-01-31, 2027-01-31T12:00:00Z, or Unix seconds
    #[arg(long, value_name = "WHEN", value_parser = moment, conflicts_with = "expires_in")]
    expires_at: Option<Timestamp>,
    /// How many calls it may make in its life
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
    /// How many requests it may make in a minute
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<u64>,
    /// How many tokens it may use in a minute, read and written
    #[arg(long, value_name = "N")]
    tokens_per_minute: Option<u64>,
    /// How many of its calls may be under way at one time
    #[arg(long, value_name = "N")]
    parallel_requests: Option<u64>,
    /// Whether calls beyond these limits are let through, and only told
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    limits_shadow: Option<bool>,
    /// How many dollars its calls may cost, such as 25.00
    #[arg(long, value_name = "DOLLARS")]
    budget: Option<String>,
    /// In which time: day, week, month (unless said) or total
    #[arg(long, value_name = "WINDOW")]
    budget_window: Option<String>,
    /// strict (unless said): never exceeded; or balanced
    #[arg(long, value_name = "MODE")]
    budget_mode: Option<String>,
    /// Whose midnight begins a day; UTC unless said
    #[arg(long, value_name = "ZONE")]
    budget_time_zone: Option<String>,
    /// Whether calls that the budget doesn't cover are let through, and only told
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    budget_shadow: Option<bool>,
    /// What it may do, with commas between
    #[arg(long, value_delimiter = ',', value_parser = scope(), hide_possible_values = true)]
    scopes: Vec<String>,
    /// What it may do, in one word
    #[arg(long, conflicts_with = "scopes")]
    preset: Option<Preset>,
    /// Only these models: names or globs, with commas between
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    allow_models: Vec<String>,
    /// Only from these addresses or networks, with commas between
    #[arg(long, value_name = "IPS", value_delimiter = ',')]
    allow_ips: Vec<String>,
    /// Only from these web origins, with commas between
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    allow_origins: Vec<String>,
    /// Whether a request without an Origin is refused
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_origin: Option<bool>,
    /// A label such as production
    #[arg(long, value_name = "LABEL")]
    environment: Option<String>,
    /// A pair of your own; once for each pair
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
}

/// Sets of scopes that have a name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// Everything that an API key may do
    Full,
    /// Calls to models only
    Gateway,
    /// Sending traces only
    Ingest,
    /// Reading only
    Read,
}

impl KeyOptions {
    /// Adds what was said.
    pub(super) fn add_to(self, fields: &mut Fields) -> Result<(), Failure> {
        fields.set("expires_in_seconds", self.expires_in);
        fields.set("expires_at", self.expires_at.map(Timestamp::as_second));
        fields.set("max_requests", self.max_requests);
        fields.set_object(
            "limits",
            [
                ("requests_per_minute", self.requests_per_minute.map(Value::from)),
                ("tokens_per_minute", self.tokens_per_minute.map(Value::from)),
                ("parallel_requests", self.parallel_requests.map(Value::from)),
                ("shadow", self.limits_shadow.map(Value::from)),
            ],
        );
        fields.set_object(
            "budget",
            [
                ("amount", self.budget.map(Value::from)),
                ("window", self.budget_window.map(Value::from)),
                ("mode", self.budget_mode.map(Value::from)),
                ("time_zone", self.budget_time_zone.map(Value::from)),
                ("shadow", self.budget_shadow.map(Value::from)),
            ],
        );
        fields.set_list("scopes", &self.scopes);
        fields.set("scopes", self.preset.map(Preset::scopes));
        fields.set_list("allowed_models", &self.allow_models);
        fields.set_list("allowed_ips", &self.allow_ips);
        fields.set_list("allowed_origins", &self.allow_origins);
        fields.set("require_origin", self.require_origin);
        fields.set("environment", self.environment);
        if !self.metadata.is_empty() {
            fields.put("metadata", object("--metadata", &self.metadata)?);
        }
        Ok(())
    }
}

/// Taking restrictions and labels away again.
#[derive(Debug, Args)]
pub(super) struct KeyClearing {
    /// It never expires
    #[arg(long, conflicts_with_all = ["expires_in", "expires_at"])]
    no_expiry: bool,
    /// It may make any number of calls
    #[arg(long, conflicts_with = "max_requests")]
    no_cap: bool,
    /// No rate limits of its own
    #[arg(long, conflicts_with_all = ["requests_per_minute", "tokens_per_minute", "parallel_requests", "limits_shadow"])]
    no_limits: bool,
    /// No budget of its own
    #[arg(long, conflicts_with_all = ["budget", "budget_window", "budget_mode", "budget_time_zone", "budget_shadow"])]
    no_budget: bool,
    /// All models that the project may use
    #[arg(long, conflicts_with = "allow_models")]
    all_models: bool,
    /// From every address
    #[arg(long, conflicts_with = "allow_ips")]
    any_ip: bool,
    /// From every web origin
    #[arg(long, conflicts_with = "allow_origins")]
    any_origin: bool,
    /// No label
    #[arg(long, conflicts_with = "environment")]
    no_environment: bool,
    /// No pairs
    #[arg(long, conflicts_with = "metadata")]
    no_metadata: bool,
}

impl KeyClearing {
    /// Adds what was said.
    pub(super) fn add_to(&self, fields: &mut Fields) {
        fields.clear("expires_at", self.no_expiry, Value::Null);
        fields.clear("max_requests", self.no_cap, Value::Null);
        fields.clear("limits", self.no_limits, Value::Null);
        fields.clear("budget", self.no_budget, Value::Null);
        fields.clear("allowed_models", self.all_models, json!([]));
        fields.clear("allowed_ips", self.any_ip, json!([]));
        fields.clear("allowed_origins", self.any_origin, json!([]));
        fields.clear("environment", self.no_environment, Value::Null);
        fields.clear("metadata", self.no_metadata, json!({}));
    }
}

impl Preset {
    /// The scopes; none means all.
    fn scopes(self) -> Vec<&'static str> {
        let chosen = |wanted: fn(Permission) -> bool| {
            data_permissions().filter(|scope| wanted(*scope)).map(Permission::as_str).collect()
        };
        match self {
            Self::Full => Vec::new(),
            Self::Gateway => chosen(|scope| scope == Permission::LlmInvoke),
            Self::Ingest => chosen(|scope| scope == Permission::TracesIngest),
            Self::Read => chosen(|scope| scope.as_str().ends_with(":read")),
        }
    }
}

/// What a key may be allowed, in the order of the product's list.
pub(super) fn data_permissions() -> impl Iterator<Item = Permission> {
    Permission::ALL.iter().copied().filter(|permission| permission.kind() == Kind::Data)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: KeyOptions,
        #[command(flatten)]
        clearing: KeyClearing,
    }

    fn body(arguments: &str) -> Value {
        let line = Line::try_parse_from(std::iter::once("test").chain(arguments.split_whitespace())).unwrap();
        let mut fields = Fields::default();
        line.options.add_to(&mut fields).unwrap();
        line.clearing.add_to(&mut fields);
        fields.body()
    }

    #[test]
    fn each_preset_is_a_set_of_scopes() {
        assert_eq!(body("--preset full"), json!({"scopes": []}));
        assert_eq!(body("--preset gateway"), json!({"scopes": ["llm:invoke"]}));
        assert_eq!(body("--preset ingest"), json!({"scopes": ["traces:ingest"]}));
        let read = body("--preset read");
        let scopes = read["scopes"].as_array().unwrap();
        assert!(scopes.len() > 5 && scopes.iter().all(|scope| scope.as_str().unwrap().ends_with(":read")));
    }

    #[test]
    fn only_what_is_said_is_sent() {
        assert_eq!(body(""), json!({}));
        assert_eq!(body("--require-origin"), json!({"require_origin": true}));
        assert_eq!(
            body("--requests-per-minute 60 --parallel-requests 2"),
            json!({"limits": {"requests_per_minute": 60, "parallel_requests": 2}})
        );
        assert_eq!(body("--budget 25.00 --budget-window day"), json!({"budget": {"amount": "25.00", "window": "day"}}));
        assert_eq!(
            body("--requests-per-minute 60 --limits-shadow --budget 5 --budget-shadow=false"),
            json!({"limits": {"requests_per_minute": 60, "shadow": true}, "budget": {"amount": "5", "shadow": false}})
        );
        assert_eq!(body("--require-origin=false"), json!({"require_origin": false}));
        assert_eq!(
            body(
                "--expires-in 30d --scopes llm:invoke,bias:check --allow-ips 10.0.0.0/8 --metadata a=1 --metadata b=2"
            ),
            json!({"expires_in_seconds": 2_592_000, "scopes": ["llm:invoke", "bias:check"],
                "allowed_ips": ["10.0.0.0/8"], "metadata": {"a": "1", "b": "2"}})
        );
        assert_eq!(
            body(
                "--no-expiry --no-cap --no-limits --no-budget --all-models --any-ip --any-origin --no-environment --no-metadata"
            ),
            json!({"expires_at": null, "max_requests": null, "limits": null, "budget": null, "allowed_models": [], "allowed_ips": [],
                "allowed_origins": [], "environment": null, "metadata": {}})
        );
    }

    #[test]
    fn contradictions_and_unknown_scopes_are_wrong_usage() {
        for wrong in [
            "--expires-in 1d --expires-at 2027-01-31",
            "--no-expiry --expires-in 1d",
            "--no-cap --max-requests 5",
            "--preset full --scopes llm:invoke",
            "--scopes api_keys:create",
            "--preset everything",
            "--max-requests many",
            "--no-limits --tokens-per-minute 5",
            "--no-budget --budget 5",
        ] {
            let arguments = std::iter::once("test").chain(wrong.split_whitespace());
            assert!(Line::try_parse_from(arguments).is_err(), "{wrong}");
        }
    }
}
