//! The only page that shows a key's text: right after it was made or rotated.

use askama::Template;
use axum::response::Response;
use base64::{Engine, prelude::BASE64_STANDARD};
use keyward_domain::{
    page::{Order, Page},
    permission::Permission,
    project::Project,
    provider::{Dialect, Provider},
    role::Scope,
};
use keyward_service::{
    api_key::RevealedApiKey,
    credential::{self, ListCredentials},
};

use crate::{Console, problem_page::Refused, respond::html, shell::Shell, visit::Visit, when::When};

#[derive(Template)]
#[template(path = "api_keys/revealed.html")]
struct RevealedPage<'a> {
    shell: Shell,
    root: String,
    name: String,
    secret: &'a str,
    env_file: String,
    snippets: [(&'static str, String); 3],
    /// Until when the secret before works, after a rotation.
    overlap: Option<Overlap>,
}

/// What became of the secret before.
pub enum Overlap {
    /// It works until then.
    Until(When),
    /// It died with the rotation.
    Over,
}

/// Shows a key with snippets that work as they stand, on the way to the list of
/// keys.
pub async fn page(
    console: &Console,
    visit: &Visit,
    project: &Project,
    revealed: &RevealedApiKey,
    overlap: Option<Overlap>,
) -> Result<Response, Refused> {
    let root = format!("/projects/{}/api-keys", project.id);
    let shell = Shell::new(visit, revealed.details.key.name.to_string()).within(visit, project);
    page_within(console, visit, project, revealed, overlap, shell.crumb(root, "API keys")).await
}

/// The same in another place: it goes on where `shell`'s last step leads.
pub async fn page_within(
    console: &Console,
    visit: &Visit,
    project: &Project,
    revealed: &RevealedApiKey,
    overlap: Option<Overlap>,
    shell: Shell,
) -> Result<Response, Refused> {
    let (secret, name) = (revealed.secret.expose(), revealed.details.key.name.to_string());
    let root = shell.crumbs.last().map(|crumb| crumb.href.clone()).unwrap_or_default();
    let url = console.keyward.public_url();
    let call = example(provider(console, visit, project).await?);
    let env = format!("{}_API_KEY={secret}\n{}_BASE_URL={url}{}\n", call.variable, call.variable, call.base);
    let page = RevealedPage {
        shell,
        root,
        name,
        secret,
        env_file: format!("data:text/plain;base64,{}", BASE64_STANDARD.encode(env)),
        snippets: [
            ("curl", call.curl(url, secret)),
            ("Python", call.python(url, secret)),
            ("Node.js", call.node(url, secret)),
        ],
        overlap,
    };
    Ok(html(&page))
}

/// Who answers the project's calls, if the visitor may know.
async fn provider(console: &Console, visit: &Visit, project: &Project) -> Result<Provider, Refused> {
    if !visit.may(Permission::CredentialsRead, Scope::Project(project.id)) {
        return Ok(Provider::OpenAi);
    }
    let page = Page { limit: 1, order: Order::Asc, cursor: None };
    let command = ListCredentials { project: Some(project.id), page };
    let listed = credential::list(&console.keyward, &visit.actor, command).await?;
    Ok(listed.data.first().map_or(Provider::OpenAi, |details| details.credential.provider))
}

/// How a provider is called.
struct Example {
    dialect: Dialect,
    model: &'static str,
    variable: &'static str,
    /// What the SDK's base URL ends with.
    base: &'static str,
}

const fn example(provider: Provider) -> Example {
    let model = match provider {
        Provider::Anthropic => "claude-sonnet-4-5",
        Provider::Google => "gemini-2.5-flash",
        Provider::Mistral => "mistral-small-latest",
        Provider::Groq => "llama-3.3-70b-versatile",
        Provider::DeepSeek => "deepseek-chat",
        Provider::Xai => "grok-4",
        Provider::OpenRouter => "openai/gpt-4o-mini",
        Provider::Together => "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        Provider::Ollama => "llama3.2",
        Provider::Demo => "demo-small",
        Provider::Vllm | Provider::OpenAiCompatible | Provider::OpenAi | Provider::AzureOpenAi => "gpt-4o-mini",
    };
    if matches!(provider, Provider::Anthropic) {
        Example { dialect: Dialect::Anthropic, model, variable: "ANTHROPIC", base: "" }
    } else {
        Example { dialect: Dialect::OpenAi, model, variable: "OPENAI", base: "/v1" }
    }
}

impl Example {
    fn curl(&self, url: &str, secret: &str) -> String {
        let model = self.model;
        match self.dialect {
            Dialect::OpenAi => format!(
                "curl {url}/v1/chat/completions \\\n  -H \"Authorization: Bearer {secret}\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'"
            ),
            Dialect::Anthropic => format!(
                "curl {url}/v1/messages \\\n  -H \"x-api-key: {secret}\" \\\n  -H \"anthropic-version: 2023-06-01\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"model\": \"{model}\", \"max_tokens\": 100, \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'"
            ),
        }
    }

    fn python(&self, url: &str, secret: &str) -> String {
        let model = self.model;
        match self.dialect {
            Dialect::OpenAi => format!(
                "from openai import OpenAI\n\nclient = OpenAI(base_url=\"{url}/v1\", api_key=\"{secret}\")\nanswer = client.chat.completions.create(\n    model=\"{model}\",\n    messages=[{{\"role\": \"user\", \"content\": \"Hello!\"}}],\n)\nprint(answer.choices[0].message.content)"
            ),
            Dialect::Anthropic => format!(
                "from anthropic import Anthropic\n\nclient = Anthropic(base_url=\"{url}\", api_key=\"{secret}\")\nanswer = client.messages.create(\n    model=\"{model}\",\n    max_tokens=100,\n    messages=[{{\"role\": \"user\", \"content\": \"Hello!\"}}],\n)\nprint(answer.content[0].text)"
            ),
        }
    }

    fn node(&self, url: &str, secret: &str) -> String {
        let model = self.model;
        match self.dialect {
            Dialect::OpenAi => format!(
                "import OpenAI from \"openai\";\n\nconst client = new OpenAI({{ baseURL: \"{url}/v1\", apiKey: \"{secret}\" }});\nconst answer = await client.chat.completions.create({{\n  model: \"{model}\",\n  messages: [{{ role: \"user\", content: \"Hello!\" }}],\n}});\nconsole.log(answer.choices[0].message.content);"
            ),
            Dialect::Anthropic => format!(
                "import Anthropic from \"@anthropic-ai/sdk\";\n\nconst client = new Anthropic({{ baseURL: \"{url}\", apiKey: \"{secret}\" }});\nconst answer = await client.messages.create({{\n  model: \"{model}\",\n  max_tokens: 100,\n  messages: [{{ role: \"user\", content: \"Hello!\" }}],\n}});\nconsole.log(answer.content[0].text);"
            ),
        }
    }
}
