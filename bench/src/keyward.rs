//! Keyward as an operator would run it: `init`, `serve`, then a project with a
//! credential and an API key through the admin API. It knows the public
//! contract only.

use crate::http1;
use crate::process::{Process, free_address, pinned};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The address of the organization's owner.
pub const EMAIL: &str = "bench@example.com";
/// Their password.
pub const PASSWORD: &str = "correct horse battery staple 42";

/// How long an administrative request may take.
const ASK: Duration = Duration::from_secs(20);
/// How long a start may take, with a million keys and on a busy machine.
const START: Duration = Duration::from_secs(120);

/// A data directory with an organization in it.
#[derive(Debug)]
pub struct Installation {
    program: PathBuf,
    folder: PathBuf,
    core: usize,
    admin_key: String,
}

/// A Keyward that serves.
#[derive(Debug)]
pub struct Serving {
    /// The process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Installation {
    /// Makes an organization in a new data directory in `folder`.
    pub fn create(program: &Path, core: usize, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let program = program.canonicalize().with_context(|| format!("no Keyward at {}", program.display()))?;
        let mut new = Self { program, folder: folder.to_owned(), core, admin_key: String::new() };
        let mut command = new.command("init");
        command.args(["--organization", "bench", "--email", EMAIL, "--password-stdin", "--json"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("no standard input")?;
        // If it ended before it read this, what it says matters more.
        let written = input.write_all(format!("{PASSWORD}\n").as_bytes());
        drop(input);
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "keyward init ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        written?;
        let made: Value = serde_json::from_slice(&output.stdout).context("keyward init --json answered no JSON")?;
        new.admin_key = text(&made, "admin_key")?;
        Ok(new)
    }

    /// One that was created in `folder` before; nobody has its admin key.
    pub fn find(program: &Path, core: usize, folder: &Path) -> Result<Self> {
        let program = program.canonicalize().with_context(|| format!("no Keyward at {}", program.display()))?;
        Ok(Self { program, folder: folder.to_owned(), core, admin_key: String::new() })
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts serving, and answers when the process lives: the caller waits
    /// for what it measures.
    pub fn serve(&self) -> Result<Serving> {
        let address = free_address()?;
        let mut command = self.command("serve");
        command.arg("--listen").arg(address.to_string());
        let process = Process::start("keyward", &mut command, &self.folder)?;
        Ok(Serving { process, address })
    }

    /// Makes a project that reaches `provider`, and answers the secret of an
    /// API key of it.
    pub fn create_key(&self, serving: &Serving, provider: SocketAddr) -> Result<String> {
        let credential = json!({
            "provider": "openai_compatible",
            "api_key": "sk-bench-0123456789abcdefghijklmnopqrstuvwxyz",
            "base_url": format!("http://{provider}/v1"),
        });
        let project = self.post(serving, "", &json!({"name": "bench", "credential": credential}))?;
        let project = text(&project, "id")?;
        let key = self.post(serving, &format!("/{project}/api_keys"), &json!({"name": "bench"}))?;
        text(&key, "value")
    }

    fn post(&self, serving: &Serving, path: &str, body: &Value) -> Result<Value> {
        self.change(serving, &format!("/v1/organization/projects{path}"), body)
    }

    /// `POST path` of the admin API, with the organization's admin key.
    pub fn change(&self, serving: &Serving, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = http1::ask(serving.address, "POST", path, &self.admin_key, &body.to_string(), ASK)?;
        let said = String::from_utf8_lossy(&answer);
        ensure!((200..300).contains(&status), "POST {path} answered {status}: {said}");
        serde_json::from_slice(&answer).with_context(|| format!("POST {path} answered no JSON: {said}"))
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = pinned(self.core, &self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KEYWARD_") {
                command.env_remove(name);
            }
        }
        command.env("KEYWARD_ALLOW_PRIVATE_UPSTREAMS", "true").current_dir(&self.folder);
        command.arg(subcommand).arg("--data-dir").arg(self.data_dir());
        command
    }
}

impl Serving {
    /// Waits for `/healthz`; answers the time since the start.
    pub fn wait_until_alive(&mut self) -> Result<Duration> {
        self.process.wait_until_ready(self.address, "/healthz", START)
    }

    /// Waits for `/readyz`; answers the time since the start.
    pub fn wait_until_ready(&mut self) -> Result<Duration> {
        self.process.wait_until_ready(self.address, "/readyz", START)
    }
}

/// A field of an answer.
pub fn text(object: &Value, field: &str) -> Result<String> {
    let value = object.get(field).and_then(Value::as_str);
    value.map(str::to_owned).with_context(|| format!("no {field} in Keyward's answer"))
}
