//! A PostgreSQL of the test run's own, gone when the run is, however the run ends.
//!
//! A shell script (`postgres.sh`) makes the cluster, serves it, and waits for its standard
//! input to close. The other end of that pipe is held by [`Cluster`]: dropped, panicked,
//! interrupted or killed, the kernel closes it and the script stops and removes the
//! cluster. So there is no signal handler here and no path that forgets.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::debian::is_root;

const SCRIPT: &str = include_str!("postgres.sh");

/// A running cluster; dropping it stops it and waits until it is gone.
pub struct Cluster {
    keeper: Child,
    /// `postgres://user:password@127.0.0.1:port/database`, of a superuser.
    pub url: String,
}

impl Cluster {
    /// Starts an empty cluster on a free loopback port.
    pub fn start() -> anyhow::Result<Self> {
        let programs = programs().context("no PostgreSQL server: install the package postgresql")?;
        // Between the choice of a port and its use someone else may take it.
        let mut tries = 0..3;
        loop {
            match (Self::start_once(&programs), tries.next()) {
                (Err(_), Some(_)) => {}
                (outcome, _) => return outcome,
            }
        }
    }

    fn start_once(programs: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = if is_root() {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", "postgres", "--", "sh"]);
            runuser
        } else {
            Command::new("sh")
        };
        let mut keeper = command
            .args(["-c", SCRIPT, "postgres.sh"])
            .arg(programs)
            .arg(port.to_string())
            // A folder that the user postgres may stand in.
            .current_dir("/")
            // Ctrl-C is for xtask; the script outlives it by as long as cleaning takes.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the shell that keeps PostgreSQL can't be started")?;
        let mut url = String::new();
        if let Some(stdout) = keeper.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        let cluster = Self { keeper, url: url.trim().to_owned() };
        if cluster.url.is_empty() {
            bail!("PostgreSQL didn't start; its log stands above");
        }
        println!("{} serves 127.0.0.1:{port}", programs.display());
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        match self.keeper.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => eprintln!("PostgreSQL's keeper ended with {status}"),
            Err(error) => eprintln!("PostgreSQL's keeper: {error}"),
        }
    }
}

/// The folder with the newest installed server's programs. Debian's own, never a wrapper
/// in `PATH`.
pub fn programs() -> Option<PathBuf> {
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| version.ok())
        .filter(|version| version.path().join("bin/postgres").is_file())
        .max_by_key(|version| {
            let name = version.file_name();
            name.to_str().and_then(|name| name.parse::<u32>().ok())
        })
        .map(|version| version.path().join("bin"))
}
