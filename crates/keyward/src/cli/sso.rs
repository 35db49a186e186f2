//! `keyward sso`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    arguments::{Id, SecretSource},
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, number, or_dash, several, text, time, time_or_never},
};

const PATH: &str = "/v1/organization/sso_providers";

/// What can be done with single sign-on providers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the identity providers
    List(Paging),
    /// Connect an OpenID Connect provider
    Create(Create),
    /// Show a provider; its secret is never shown
    Show(Place),
    /// Change a provider; what isn't named stays
    Update(Update),
    /// Disconnect a provider: its sessions end, and what its claims gave is taken back
    Delete(Delete),
    /// Ask a provider what it says of itself, and tell what is wrong
    Test(Place),
}

/// Which provider.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the provider
    id: Id,
}

/// What both creating and changing take.
#[derive(Debug, Args)]
struct ProviderOptions {
    #[command(flatten)]
    secret: ClientSecret,
    /// What to ask for, openid among it [default: openid,email,profile]
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',')]
    scopes: Vec<String>,
    /// Whoever comes with this value of this claim gets this: group_…, role_…, or role_…@proj_…; once for each
    #[arg(long = "map", value_name = "CLAIM=VALUE=TARGET", value_parser = mapping)]
    mappings: Vec<Value>,
    /// Whether somebody unknown with a verified address becomes a member at their first sign-in
    #[arg(long, value_name = "true|false")]
    creates_members: Option<bool>,
    /// Whether anybody can sign in by it
    #[arg(long, value_name = "true|false")]
    enabled: Option<bool>,
}

/// Where the client secret comes from; never from a flag's value.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct ClientSecret {
    /// Read the client secret from standard input, one line
    #[arg(long)]
    client_secret_stdin: bool,
    /// Read the client secret from a file
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Create {
    /// What people call it
    name: String,
    /// Its issuer, letter for letter as it calls itself
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// How Keyward is registered there
    #[arg(long, value_name = "ID")]
    client_id: String,
    #[command(flatten)]
    options: ProviderOptions,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// Another provider; where a secret is stored, it takes the secret with it
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Another registration there
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[command(flatten)]
    options: ProviderOptions,
    /// No client secret any more
    #[arg(long, conflicts_with_all = ["client_secret_stdin", "client_secret_file"])]
    no_client_secret: bool,
    /// No mappings
    #[arg(long, conflicts_with = "mappings")]
    no_mappings: bool,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

/// Reads `claim=value=target`. A value may hold `=` itself.
fn mapping(text: &str) -> Result<Value, &'static str> {
    const WRONG: &str = "not a mapping: give claim=value=group_…, claim=value=role_… or claim=value=role_…@proj_…";
    let (claim, rest) = text.split_once('=').ok_or(WRONG)?;
    let (value, target) = rest.rsplit_once('=').ok_or(WRONG)?;
    let (target, project) = target.split_once('@').map_or((target, None), |(role, project)| (role, Some(project)));
    match (target.split_once('_').map(|(kind, _)| kind), project) {
        (Some("group"), None) => Ok(json!({ "claim": claim, "value": value, "group_id": target })),
        (Some("role"), None) => Ok(json!({ "claim": claim, "value": value, "role_id": target })),
        (Some("role"), Some(project)) => {
            Ok(json!({ "claim": claim, "value": value, "role_id": target, "project_id": project }))
        }
        _ => Err(WRONG),
    }
}

/// A provider as it is answered.
#[derive(Debug, Deserialize)]
struct Provider {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    #[serde(default)]
    redacted_value: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    mappings: Vec<Mapping>,
    #[serde(default)]
    creates_members: bool,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    sign_in_url: String,
    created_at: i64,
    #[serde(default)]
    updated_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    claim: String,
    value: String,
    #[serde(default)]
    group_id: Option<String>,
    #[serde(default)]
    role_id: Option<String>,
    #[serde(default)]
    project_id: Option<String>,
}

impl Mapping {
    fn line(&self) -> String {
        let target = self.group_id.as_deref().or(self.role_id.as_deref()).unwrap_or_default();
        let place = self.project_id.as_ref().map(|id| format!("@{id}")).unwrap_or_default();
        format!("{}={}={target}{place}", self.claim, self.value)
    }
}

fn yes(flag: bool) -> String {
    if flag { "yes".into() } else { "no".into() }
}

impl Shown for Provider {
    const HEADINGS: &'static [Heading] =
        &[text("ID"), text("NAME"), text("ISSUER"), text("ENABLED"), text("CREATES MEMBERS"), number("MAPPINGS")];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.name.clone(),
            self.issuer.clone(),
            yes(self.enabled),
            yes(self.creates_members),
            self.mappings.len().to_string(),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let mappings: Vec<_> = self.mappings.iter().map(Mapping::line).collect();
        vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("issuer", self.issuer.clone()),
            ("client id", self.client_id.clone()),
            ("client secret", or_dash(self.redacted_value.as_deref())),
            ("scopes", several(&self.scopes, "-")),
            ("mappings", several(&mappings, "-")),
            ("creates members", yes(self.creates_members)),
            ("enabled", yes(self.enabled)),
            ("redirect uri", self.redirect_uri.clone()),
            ("sign in at", self.sign_in_url.clone()),
            ("created", time(self.created_at)),
            ("updated", time_or_never(self.updated_at)),
        ]
    }
}

/// What a test found.
#[derive(Debug, Deserialize)]
struct Tested {
    authorization_endpoint: String,
    token_endpoint: String,
    signing_algorithms: Vec<String>,
    keys: u64,
    redirect_uri: String,
}

impl Shown for Tested {
    const HEADINGS: &'static [Heading] = &[text("AUTHORIZATION ENDPOINT"), text("TOKEN ENDPOINT"), number("KEYS")];

    fn row(&self) -> Vec<String> {
        vec![self.authorization_endpoint.clone(), self.token_endpoint.clone(), self.keys.to_string()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("result", "the provider answers".into()),
            ("authorization endpoint", self.authorization_endpoint.clone()),
            ("token endpoint", self.token_endpoint.clone()),
            ("signatures", several(&self.signing_algorithms, "none")),
            ("keys", self.keys.to_string()),
            ("redirect uri", self.redirect_uri.clone()),
        ]
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }
}

impl ProviderOptions {
    fn add_to(self, fields: &mut Fields, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let ClientSecret { client_secret_stdin, client_secret_file } = self.secret;
        let source = SecretSource { api_key_stdin: client_secret_stdin, api_key_file: client_secret_file };
        let secret = source.read(shell)?;
        fields.set("client_secret", secret.as_ref().map(ExposeSecret::expose_secret));
        fields.set_list("scopes", &self.scopes);
        fields.set_list("mappings", &self.mappings);
        fields.set("creates_members", self.creates_members);
        fields.set("enabled", self.enabled);
        Ok(())
    }
}

impl Group<Command> {
    pub(super) async fn sso(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(paging) => session.list::<Provider>(PATH, Query::default(), &paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<Provider>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Delete(delete) => delete.run(&mut session).await,
            Command::Test(place) => session.post::<Tested>(&format!("{}/test", place.path()), &json!({})).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("name", self.name);
        fields.put("issuer", self.issuer);
        fields.put("client_id", self.client_id);
        self.options.add_to(&mut fields, session.shell)?;
        session.post::<Provider>(PATH, &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("name", self.name);
        fields.set("issuer", self.issuer);
        fields.set("client_id", self.client_id);
        self.options.add_to(&mut fields, session.shell)?;
        fields.clear("client_secret", self.no_client_secret, Value::Null);
        fields.clear("mappings", self.no_mappings, json!([]));
        session.post::<Provider>(&self.place.path(), &fields.change()?).await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        session
            .ask(&self.yes, &path, |provider: &Provider| {
                Question::yes_or_no(format!(
                    "Disconnect {} ({}, {}): nobody signs in by it any more, its sessions end, and the groups and roles that its claims gave are taken back.",
                    provider.name, provider.issuer, provider.id
                ))
            })
            .await?;
        session.delete(&path, &self.place.id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_a_group_or_a_role() {
        assert_eq!(
            mapping("groups=a=b=group_1"),
            Ok(json!({"claim": "groups", "value": "a=b", "group_id": "group_1"}))
        );
        assert_eq!(
            mapping("roles=dev=role_1@proj_2"),
            Ok(json!({"claim": "roles", "value": "dev", "role_id": "role_1", "project_id": "proj_2"}))
        );
        for wrong in ["", "groups", "groups=a", "groups=a=", "groups=a=user_1", "groups=a=group_1@proj_2"] {
            assert!(mapping(wrong).is_err(), "{wrong}");
        }
    }
}
