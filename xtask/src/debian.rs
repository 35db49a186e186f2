//! Debian packages: installed when missing and allowed, asked for otherwise.

use std::process::Command;

use anyhow::bail;

use crate::process::{run, succeeds};

/// A fresh machine may be busy updating itself; a few minutes are given to it.
const WAIT: &str = "--option=DPkg::Lock::Timeout=300";

/// Whether xtask runs as root (PostgreSQL refuses to).
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// Installs packages, or says what to install where that takes a password.
pub fn install(packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    let list = packages.join(" ");
    let prefix: &[&str] = if is_root() {
        &["env"]
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n", "env"]
    } else {
        bail!("missing: {list}. Install them first: sudo apt-get install --no-install-recommends {list}");
    };
    apt_get(prefix, &["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt_get(prefix, &install)
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> anyhow::Result<()> {
    let mut words =
        prefix.iter().chain(&["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", WAIT]).chain(arguments);
    let program = words.next().copied().unwrap_or("env");
    run(Command::new(program).args(words))
}
