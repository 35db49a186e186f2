//! `cargo xtask dist`: the program as it is shipped. It is built twice: first so that it
//! counts which of its code runs, and how often; then, when the bench has had it at work,
//! arranged by what was counted. A call runs through little of a large program: what
//! is near to each other decides what it costs (ADR 17).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::{
    debian,
    process::run,
    step::step,
    workspace::{Workspace, installed},
};

/// Reads what rustc's LLVM counts (raw profiles of version 10); Rust ships none with itself.
const PROFDATA: (&str, &str) = ("llvm-profdata-19", "llvm-19");
/// What the bench calls when it has the program at work.
const NEEDED: (&str, &str) = ("sqlite3", "sqlite3");

/// Builds `target/dist/keyward` and `target/dist/keyward-bench`; answers their folder.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let missing: Vec<_> = [PROFDATA, NEEDED]
        .into_iter()
        .filter(|(name, _)| installed(name).is_none())
        .map(|(_, package)| package)
        .collect();
    step("packages", || debian::install(&missing))?;
    let (training, built) = (workspace.target.join("training"), workspace.target.join("dist"));
    let (counts, profile) = (training.join("counts"), training.join("keyward.profdata"));
    let host = host()?;
    step("bench build", || {
        run(&mut workspace.cargo(&["build", "--profile", "dist", "--locked", "-p", "keyward-bench"]))
    })?;
    step("training build", || {
        let flag = format!("-Cprofile-generate={}", counts.display());
        run(keyward(workspace, &host, &flag).arg("--target-dir").arg(&training))
    })?;
    step("training", || {
        // What was counted by another build is no use to this one.
        if counts.exists() {
            fs::remove_dir_all(&counts)?;
        }
        let counting = program(&training, &host);
        for work in [&["all", "--quick", "--without", "direct,nginx,yardstick,floor"][..], &["pages"]] {
            let mut bench = workspace.command(built.join("keyward-bench"));
            run(bench.args(work).arg("--keyward").arg(&counting).arg("--out").arg(training.join("bench")))?;
        }
        run(Command::new(PROFDATA.0).arg("merge").arg("--output").arg(&profile).arg(&counts))
    })?;
    step("dist build", || {
        let trained = workspace.target.join(&host).join("dist");
        // Cargo doesn't see that the libraries were built by other counts.
        if trained.exists() {
            fs::remove_dir_all(trained)?;
        }
        run(&mut keyward(workspace, &host, &format!("-Cprofile-use={}", profile.display())))?;
        // Beside what may be running, and may be a file of cargo's under another name.
        let new = built.join("keyward.new");
        fs::copy(program(&workspace.target, &host), &new).context("no program was built")?;
        Ok(fs::rename(new, built.join("keyward"))?)
    })?;
    Ok(built)
}

/// Cargo, building Keyward with a flag that isn't for what only runs while it is built:
/// with a target that is named, cargo knows the difference.
fn keyward(workspace: &Workspace, host: &str, flag: &str) -> Command {
    let mut cargo = workspace.cargo(&["build", "--profile", "dist", "--locked", "-p", "keyward", "--target", host]);
    cargo.env("RUSTFLAGS", flag);
    cargo
}

fn program(target: &Path, host: &str) -> PathBuf {
    target.join(host).join("dist").join("keyward")
}

/// What this machine is to rustc.
fn host() -> anyhow::Result<String> {
    let said = Command::new("rustc").arg("-vV").output().context("rustc must be installed")?;
    let said = String::from_utf8(said.stdout)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc doesn't say what this machine is")
}
