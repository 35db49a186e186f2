//! Brings each target up, ready for load, and takes it down again.

use crate::keyward::{Installation, Serving};
use crate::process::{Process, free_address, pinned};
use crate::results::{Target, TargetResults};
use crate::script::{Work, request_body};
use crate::{http1, nginx, procfs};
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The API key that all but Keyward are called with.
const KEY: &str = "sk-project-0000000000000000000000000000000000000000000benchAA";
/// Memory is read so long after a start or load: what those leave to be done in
/// the background belongs to them.
pub const SETTLE: Duration = Duration::from_secs(1);
/// Nobody is idle before this has passed: helping threads of a start go after
/// ten seconds, and allocators give memory back then.
pub const IDLE: Duration = Duration::from_secs(15);

/// Where targets run, and what they stand in front of.
#[derive(Debug)]
pub struct Place {
    /// Keyward's program.
    pub keyward: PathBuf,
    /// The processor of every gateway.
    pub core: usize,
    /// Everything that targets write goes here.
    pub folder: PathBuf,
    /// Where the provider listens.
    pub provider: SocketAddr,
}

/// A target that is up.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The API key that it lets through.
    pub key: String,
    /// Without for direct calls: there is no gateway to measure.
    pub process: Option<Process>,
    /// What has come out so far.
    pub results: TargetResults,
}

impl Place {
    /// A place with a provider in it, which ends with the process that is answered.
    pub fn new(keyward: &Path, core: usize, folder: &Path) -> Result<(Self, Process)> {
        let provider = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["provider", "--listen", &provider.to_string()]);
        let mut process = Process::start("provider", &mut command, folder)?;
        process.wait_until_connected(provider)?;
        Ok((Self { keyward: keyward.to_owned(), core, folder: folder.to_owned(), provider }, process))
    }

    /// Starts `target` and makes a first call through it.
    pub fn start(&self, target: Target) -> Result<Running> {
        let (address, key, mut process) = match target {
            Target::Direct => (self.provider, KEY.to_owned(), None),
            Target::Nginx => {
                let address = free_address()?;
                let process = nginx::start(address, self.provider, self.core, &self.folder)?;
                (address, KEY.to_owned(), Some(process))
            }
            Target::Yardstick => {
                let address = free_address()?;
                (address, KEY.to_owned(), Some(self.start_own("yardstick", address, &["--key", KEY])?))
            }
            Target::Floor => {
                let address = free_address()?;
                (address, KEY.to_owned(), Some(self.start_own("floor", address, &[])?))
            }
            Target::Keyward => {
                let installation = self.install_keyward("measured")?;
                let mut serving = installation.serve()?;
                serving.wait_until_ready()?;
                let key = installation.create_key(&serving, self.provider)?;
                let Serving { process, address } = serving;
                (address, key, Some(process))
            }
        };
        if let Some(process) = &mut process {
            process.wait_until_connected(address)?;
        }
        call(address, &key).with_context(|| format!("the first call, {}", target.title()))?;
        let results = TargetResults { target, runs: Vec::new(), idle: None, loaded: None };
        Ok(Running { address, key, process, results })
    }

    /// A fresh Keyward in a folder of its own.
    pub fn install_keyward(&self, name: &str) -> Result<Installation> {
        Installation::create(&self.keyward, self.core, &self.folder.join(name))
    }

    /// A gateway that this program has in itself.
    fn start_own(&self, name: &'static str, address: SocketAddr, arguments: &[&str]) -> Result<Process> {
        let mut command = pinned(self.core, &std::env::current_exe()?);
        command.args([name, "--listen", &address.to_string(), "--provider", &self.provider.to_string()]);
        Process::start(name, command.args(arguments), &self.folder)
    }
}

impl Running {
    /// Memory of the target's process now.
    pub fn memory(&self) -> Result<Option<procfs::Memory>> {
        self.process.as_ref().map(|process| procfs::memory(process.id())).transpose()
    }

    /// Ends the target.
    pub fn end(mut self) -> Result<TargetResults> {
        if let Some(process) = &mut self.process {
            process.stop()?;
        }
        Ok(self.results)
    }
}

/// One call, which must succeed.
pub fn call(address: SocketAddr, key: &str) -> Result<()> {
    let body = request_body(Work::Call);
    let (status, answer) = http1::ask(address, "POST", "/v1/chat/completions", key, &body, Duration::from_secs(10))?;
    ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
