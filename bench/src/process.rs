//! The processes under measurement: started on one processor, waited for, and
//! always ended again, by their id.

use crate::http1;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to end by itself.
const STOP: Duration = Duration::from_secs(15);
/// Time between two looks at whether something has happened.
const LOOK: Duration = Duration::from_millis(1);

/// A child process; ended when dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    started: Instant,
    log: PathBuf,
}

/// A command that runs on processor `core` only. The child's id is the
/// program's own: `taskset` replaces itself.
pub fn pinned(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Moves this process, and what it starts without [`pinned`], to `core`.
pub fn pin_self(core: usize) -> Result<()> {
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", &core.to_string(), &std::process::id().to_string()]);
    let status = command.stdout(Stdio::null()).status().context("can't run taskset (package util-linux)")?;
    ensure!(status.success(), "can't move to processor {core}");
    Ok(())
}

/// The path of a program, looked for where Debian has it too.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A local address that nobody listens on.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

impl Process {
    /// Starts `command`; what it says goes to `name.log` in `folder`.
    pub fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("can't start {name}"))?;
        Ok(Self { name, child, started, log })
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `GET path` answers 200; answers the time since the start.
    pub fn wait_until_ready(&mut self, address: SocketAddr, path: &str, at_most: Duration) -> Result<Duration> {
        self.wait_until(at_most, || {
            let answer = http1::ask(address, "GET", path, "", "", Duration::from_secs(1));
            answer.is_ok_and(|(status, _)| status == 200)
        })
    }

    /// Waits until somebody listens on `address`.
    pub fn wait_until_connected(&mut self, address: SocketAddr) -> Result<Duration> {
        self.wait_until(Duration::from_secs(10), || TcpStream::connect(address).is_ok())
    }

    fn wait_until(&mut self, at_most: Duration, is_so: impl Fn() -> bool) -> Result<Duration> {
        loop {
            let so = is_so();
            let passed = self.started.elapsed();
            if so {
                return Ok(passed);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}):\n{}", self.name, self.last_words());
            }
            ensure!(passed < at_most, "{} isn't ready after {at_most:?}:\n{}", self.name, self.last_words());
            std::thread::sleep(LOOK);
        }
    }

    /// Asks the process to end, waits, and ends it if it doesn't.
    pub fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // The shell's own `kill`: the standard library knows SIGKILL only,
        // which would leave nginx's worker behind.
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &self.id().to_string()]).status()?;
        ensure!(asked.success(), "can't signal {}", self.name);
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        self.child.kill()?;
        self.child.wait()?;
        bail!("{} didn't end within {STOP:?} after SIGTERM and was killed", self.name)
    }

    /// The end of what the process has said.
    fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ended_when_it_is_dropped() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let process = Process::start("sleep", Command::new("sleep").arg("60"), folder.path())?;
        let proc = PathBuf::from(format!("/proc/{}", process.id()));
        assert!(proc.exists());
        drop(process);
        assert!(!proc.exists());
        Ok(())
    }

    #[test]
    fn a_process_that_ends_early_says_why() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        let mut process = Process::start("sh", command.args(["-c", "echo no such file >&2; exit 3"]), folder.path())?;
        let outcome = process.wait_until_ready(free_address()?, "/healthz", Duration::from_secs(60));
        let text = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("no such file") && text.contains('3'), "{text}");
        Ok(())
    }
}
