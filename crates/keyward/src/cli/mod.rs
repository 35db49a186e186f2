//! The administration commands: the admin API from a terminal or a script.
//!
//! A command reads its arguments, sends requests, and shows what was answered:
//! as a table for people, or with `--json` exactly as it came. It decides
//! nothing that the API decides, and knows no database, with one exception:
//! [`audit_verify`] reads one itself, because a proof must not trust the server.
//!
//! - [`Shell`]: the terminal that a command runs in; tests bring their own
//! - [`client`]: one request and its answer
//! - [`session`]: what commands have in common: showing, paging, asking back

mod admin_keys;
mod api_key;
mod arguments;
mod audit;
mod audit_export;
mod audit_verify;
mod cache;
mod client;
mod completion;
mod credentials;
mod decisions;
mod failure;
mod fields;
mod groups;
mod invitations;
mod key_options;
mod keys;
mod members;
mod model_aliases;
mod projects;
mod retention;
mod roles;
mod session;
mod shell;
mod spend_alerts;
mod sso;
mod table;
mod usage;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

pub use completion::CompletionArgs;
pub use shell::{Exit, Shell};

use client::Connection;
use failure::Failure;
use session::Session;

const URL: &str = "KEYWARD_URL";
const ADMIN_KEY_FILE: &str = "KEYWARD_ADMIN_KEY_FILE";
/// A variable and no flag: a flag's value can be read in the list of processes.
const ADMIN_KEY: &str = "KEYWARD_ADMIN_KEY";

/// A command that administers a running Keyward over HTTP.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Projects: what groups API keys and credentials
    Projects(Group<projects::Command>),
    /// API keys of a project: what applications call with
    Keys(Group<keys::Command>),
    /// Response caches: whether a project's calls may be answered again
    Cache(Group<cache::Command>),
    /// Credentials: the providers' secrets that Keyward holds
    Credentials(Group<credentials::Command>),
    /// Model aliases: a project's own names for one or several models
    ModelAliases(Group<model_aliases::Command>),
    /// Spend alerts: who gets a mail when calls have cost so much
    SpendAlerts(Group<spend_alerts::Command>),
    /// Admin keys: what opens the admin API
    AdminKeys(Group<admin_keys::Command>),
    /// Members of the organization and of its projects
    Members(Group<members::Command>),
    /// Groups of members, which hold roles together
    Groups(Group<groups::Command>),
    /// Roles: what their holders may do, and who holds them
    Roles(Group<roles::Command>),
    /// Invitations: how people become members
    Invitations(Group<invitations::Command>),
    /// Single sign-on: identity providers that say who people are
    Sso(Group<sso::Command>),
    /// The audit log: who changed what
    Audit(Group<audit::Command>),
    /// Usage: what calls cost
    Usage(Group<usage::Command>),
    /// Decisions: why a request was let through or refused
    Decisions(Group<decisions::Command>),
    /// Retention: how long data is kept
    Retention(Group<retention::Command>),
}

/// Commands of one kind, and how they reach the server.
#[derive(Debug, Args)]
pub struct Group<C: Subcommand> {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: C,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Options {
    /// Where Keyward is
    #[arg(long, global = true, env = URL, default_value = "http://127.0.0.1:8080", help_heading = "Connection")]
    url: String,
    /// A file that holds the admin key, instead of the variable KEYWARD_ADMIN_KEY
    #[arg(long, global = true, env = ADMIN_KEY_FILE, value_name = "FILE", help_heading = "Connection")]
    admin_key_file: Option<PathBuf>,
    /// Print the API's answer as it is, alone on standard output
    #[arg(long, global = true)]
    json: bool,
}

/// Runs a command in this process's own terminal.
pub fn run(command: AdminCommand) -> ExitCode {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let (mut input, mut output, mut errors) = (input.lock(), output.lock(), errors.lock());
    let mut shell = Shell::of_process(&mut input, &mut output, &mut errors);
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(execute(command, &mut shell)).into(),
        Err(error) => shell.end(Err(Failure::Failed(format!("The runtime can't be started: {error}")))).into(),
    }
}

/// Runs a command in the given shell.
pub async fn execute(command: AdminCommand, shell: &mut Shell<'_>) -> Exit {
    let done = match command {
        AdminCommand::Projects(group) => group.projects(shell).await,
        AdminCommand::Keys(group) => group.keys(shell).await,
        AdminCommand::Cache(group) => group.cache(shell).await,
        AdminCommand::Credentials(group) => group.credentials(shell).await,
        AdminCommand::ModelAliases(group) => group.model_aliases(shell).await,
        AdminCommand::SpendAlerts(group) => group.spend_alerts(shell).await,
        AdminCommand::AdminKeys(group) => group.admin_keys(shell).await,
        AdminCommand::Members(group) => group.members(shell).await,
        AdminCommand::Groups(group) => group.groups(shell).await,
        AdminCommand::Roles(group) => group.roles(shell).await,
        AdminCommand::Invitations(group) => group.invitations(shell).await,
        AdminCommand::Sso(group) => group.sso(shell).await,
        AdminCommand::Audit(group) => group.audit(shell).await,
        AdminCommand::Usage(group) => group.usage(shell).await,
        AdminCommand::Decisions(group) => group.decisions(shell).await,
        AdminCommand::Retention(group) => group.retention(shell).await,
    };
    shell.end(done)
}

impl Options {
    /// Finds the admin key and opens a session.
    fn open<'s, 'io>(&self, shell: &'s mut Shell<'io>) -> Result<Session<'s, 'io>, Failure> {
        let connection = Connection::new(&self.url, self.admin_key_file.as_deref(), shell.admin_key.as_ref())?;
        Ok(Session::new(connection, shell, self.json))
    }
}
