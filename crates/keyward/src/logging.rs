//! Logs: to standard error, for people or as JSON, one line an event.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::Settings;

/// Starts logging. `log_level` takes a level or directives.
pub fn start(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log_level)
        .with_context(|| format!("log_level is {:?}: give error, warn, info or debug", settings.log_level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Would be told on standard error too, and panics where that is full.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if settings.log_json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    started.map_err(|error| anyhow::anyhow!("logging can't be started: {error}"))
}
