//! `keyward`: the gate between LLM applications and model providers.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use keyward::{
    cli::{AdminCommand, CompletionArgs},
    config::{Given, Settings, template},
    doctor, init, logging, operations, serve,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The gate between an organization's LLM applications and its model providers.
#[derive(Debug, Parser)]
#[command(name = "keyward", version)]
struct Keyward {
    /// File of settings; ./keyward.toml is read if there is one.
    #[arg(long, global = true, env = "KEYWARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: gateway and admin API in one process.
    Serve {
        #[command(flatten)]
        settings: Given,
        #[command(flatten)]
        args: serve::ServeArgs,
    },
    /// Make an organization with its owner and an admin key.
    Init {
        #[command(flatten)]
        settings: Given,
        #[command(flatten)]
        args: init::InitArgs,
    },
    /// Bring the database's tables up to date (serve does so by itself).
    Migrate {
        #[command(flatten)]
        settings: Given,
        #[command(flatten)]
        args: operations::MigrateArgs,
    },
    /// Copy the embedded database while it is being used.
    Backup {
        #[command(flatten)]
        settings: Given,
        #[command(flatten)]
        args: operations::BackupArgs,
    },
    /// Check settings, files, database and audit log, and say what is wrong.
    Doctor {
        #[command(flatten)]
        settings: Given,
        #[command(flatten)]
        args: doctor::DoctorArgs,
    },
    /// Print a commented template of every setting.
    Config,
    /// Print a script that completes commands in your shell.
    Completion(CompletionArgs),
    #[command(flatten)]
    Admin(AdminCommand),
}

fn main() -> ExitCode {
    let Keyward { config, command } = Keyward::parse();
    let mut out = std::io::stdout();
    let result = match command {
        Command::Config => write!(out, "{}", template()).map(|()| true).map_err(Into::into),
        Command::Completion(args) => return args.run(Keyward::command()),
        Command::Admin(command) => return keyward::cli::run(command),
        Command::Serve { settings, args } => {
            read(settings, config).and_then(|settings| serve::run(&settings, &args, &mut out).map(|()| true))
        }
        Command::Init { settings, args } => {
            local(settings, config, async |settings| init::run(&settings, args, &mut out).await.map(|()| true))
        }
        Command::Migrate { settings, args } => {
            local(settings, config, async |settings| operations::migrate(&settings, &args, &mut out).await)
        }
        Command::Backup { settings, args } => local(settings, config, async |settings| {
            operations::backup(&settings, &args, &mut out).await.map(|()| true)
        }),
        Command::Doctor { settings, args } => {
            local(settings, config, async |settings| doctor::run(&settings, &args, &mut out).await)
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "keyward: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn read(given: Given, config: Option<PathBuf>) -> anyhow::Result<Settings> {
    // Settings are ASCII; a variable of another kind is none of them.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::read(given, config.as_deref(), variables)?;
    logging::start(&settings)?;
    Ok(settings)
}

fn local(
    given: Given,
    config: Option<PathBuf>,
    run: impl AsyncFnOnce(Settings) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    let settings = read(given, config)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(settings))
}
