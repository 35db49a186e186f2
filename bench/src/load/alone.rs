//! One run of the load, in a process of its own.

use super::Report;
use crate::script::Work;
use anyhow::{Result, anyhow};
use std::net::SocketAddr;
use std::process::Command;

/// What to put on which target, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Alone<'a> {
    /// Where to connect to.
    pub target: SocketAddr,
    /// The API key of every request.
    pub key: &'a str,
    /// What is asked for.
    pub work: Work,
    /// Seconds that aren't measured.
    pub warm_up: f64,
    /// Seconds that are.
    pub seconds: f64,
    /// Calls per second of an open loop; a closed loop without.
    pub rate: Option<f64>,
    /// The process whose processor time is measured, with its children.
    pub watch: Option<u32>,
}

impl Alone<'_> {
    /// Runs it; what failed of its calls stands in the report.
    pub fn run(&self) -> Result<Report> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["load", "--work", self.work.name(), "--key", self.key]);
        command.args(["--target", &self.target.to_string()]);
        command.args(["--warm-up", &self.warm_up.to_string(), "--seconds", &self.seconds.to_string()]);
        if let Some(rate) = self.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        if let Some(watch) = self.watch {
            command.args(["--watch", &watch.to_string()]);
        }
        let output = command.output()?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| anyhow!("{}", String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}
