//! `serve --demo`: an organization, a project and an API key to try things
//! with, answered by the built-in offline provider.

use std::{collections::BTreeMap, io::Write};

use anyhow::Result;
use jiff::SignedDuration;
use keyward_domain::{
    Name, Randomness,
    actor::Actor,
    api_key::{KeyAccess, KeyDraft, KeyStatus},
    credential::Aliases,
    hex,
    id::OrganizationId,
    organization::Email,
    page::{Order, Page},
    password::Password,
    provider::Provider,
    secret::KeySecret,
    weight::Weight,
};
use keyward_service::{
    Keyward,
    api_key::{self, ApiKeyFilter, ApiKeyPlace, CreateApiKey, KeySort, ListApiKeys, RotateApiKey},
    credential::NewCredential,
    organization::{self, CreateOrganization},
    project::{self, CreateProject, ListProjects, ProjectFilter, ProjectSort},
};

use secrecy::{ExposeSecret, SecretString};

use crate::system::SystemRandomness;

const ORGANIZATION: &str = "Demo";
const OWNER: &str = "demo@keyward.example";
const PROJECT: &str = "Demo project";
const KEY: &str = "Demo key";

/// What was made, or found from an earlier start.
pub struct Demonstration {
    api_key: KeySecret,
    /// Only at the first start: they aren't shown again.
    first: Option<First>,
}

/// What is shown at the first start alone.
struct First {
    admin_key: KeySecret,
    /// Of the demo's owner.
    password: SecretString,
}

/// Makes what is missing. The key of an earlier start gets a new secret, since
/// the old one is nowhere to be read; the old one works for another day.
pub async fn prepare(keyward: &Keyward) -> Result<Demonstration> {
    let (organization, first) = organization(keyward).await?;
    let actor = Actor::system(organization);
    let project = project_of(keyward, &actor).await?;
    let filter =
        ApiKeyFilter { search: Some(KEY.to_owned()), status: Some(KeyStatus::Active), ..ApiKeyFilter::default() };
    let page = Page { limit: 100, order: Order::Asc, cursor: None };
    let keys = api_key::list(keyward, &actor, ListApiKeys { project, filter, sort: KeySort::default(), page }).await?;
    let known = keys.data.iter().find(|details| details.key.name.as_str() == KEY);
    let revealed = match known {
        Some(details) => {
            let place = ApiKeyPlace { project, key: details.key.id };
            let command = RotateApiKey {
                place,
                overlap: SignedDuration::from_hours(24),
                expected_version: None,
                idempotency: None,
            };
            api_key::rotate(keyward, &actor, command).await?
        }
        None => {
            let draft = KeyDraft {
                name: Name::parse("name", KEY)?,
                expires_at: None,
                max_requests: None,
                access: KeyAccess::default(),
                environment: Some("demo".into()),
                metadata: BTreeMap::new(),
            };
            api_key::create(keyward, &actor, CreateApiKey { project, draft, idempotency: None }).await?
        }
    };
    Ok(Demonstration { api_key: revealed.secret, first })
}

async fn organization(keyward: &Keyward) -> Result<(OrganizationId, Option<First>)> {
    if let Some(known) = keyward.organization_named(ORGANIZATION).await? {
        return Ok((known.id, None));
    }
    let mut password = [0; 16];
    SystemRandomness.fill(&mut password);
    let password = SecretString::from(hex::to_hex(&password));
    let command = CreateOrganization {
        name: Name::parse("organization", ORGANIZATION)?,
        owner_email: Email::parse("email", OWNER)?,
        password: Password::parse("password", password.expose_secret())?,
    };
    let made = organization::create(keyward, command).await?;
    Ok((made.organization.id, Some(First { admin_key: made.secret, password })))
}

async fn project_of(keyward: &Keyward, actor: &Actor) -> Result<keyward_domain::id::ProjectId> {
    let filter = ProjectFilter { active: true, inactive: true, search: Some(PROJECT.to_owned()), among: None };
    let page = Page { limit: 100, order: Order::Asc, cursor: None };
    let query = ListProjects { filter, sort: ProjectSort::default(), page };
    let known = project::list(keyward, actor, query)
        .await?
        .data
        .into_iter()
        .find(|details| details.project.name.as_str() == PROJECT);
    if let Some(known) = known {
        project::activate(keyward, actor, known.project.id, None).await?;
        return Ok(known.project.id);
    }
    let credential = NewCredential {
        provider: Provider::Demo,
        name: None,
        base_url: None,
        api_key: None,
        aliases: Aliases::default(),
        priority: 0,
        weight: Weight::default(),
    };
    let command = CreateProject {
        name: Name::parse("name", PROJECT)?,
        description: "Answered by the built-in offline provider.".into(),
        model_permissions: None,
        credential: Some(credential),
        idempotency: None,
    };
    Ok(project::create(keyward, actor, command).await?.project.id)
}

impl Demonstration {
    /// Prints calls that work as pasted.
    pub fn print(&self, out: &mut dyn Write, url: &str) -> Result<()> {
        let key = self.api_key.expose();
        match &self.first {
            Some(First { admin_key, password }) => writeln!(
                out,
                "\nSign in to the console (the password is shown once):\n  {OWNER}\n  {}\n\nAdmin key of the demo organization (shown once):\n  {}",
                password.expose_secret(),
                admin_key.expose(),
            )?,
            None => writeln!(out, "\nSign in to the console as {OWNER}, with the password of the first start.")?,
        }
        writeln!(
            out,
            r#"
API key of the demo project:
  {key}

Try it with curl:

curl {url}/v1/chat/completions \
  -H "Authorization: Bearer {key}" \
  -H "Content-Type: application/json" \
  -d '{{"model": "demo-small", "messages": [{{"role": "user", "content": "Hello!"}}]}}'

or with Python (pip install openai):

from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key="{key}")
stream = client.chat.completions.create(
    model="demo-small",
    messages=[{{"role": "user", "content": "Hello!"}}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
"#
        )?;
        Ok(())
    }
}
