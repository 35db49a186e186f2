//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest
//! after what has to be installed. The first failure ends the run.

use std::{ffi::OsStr, fs, path::Path, time::Instant};

use anyhow::bail;

use crate::{
    debian, node,
    postgres::{self, Cluster},
    process::{Output, run, run_reading},
    python,
    step::step,
    tally::Tally,
    workspace::{Workspace, installed},
};

/// What tests read to find PostgreSQL. They run on SQLite either way.
const POSTGRES: &str = "KEYWARD_TEST_POSTGRES";
/// What the end-to-end tests read to find the program.
const BINARY: &str = "KEYWARD_BINARY";
/// What they read to find the identity provider that they sign in by.
const NODE: &str = "KEYWARD_NODE";

/// A part of the run, for developers.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Formatting.
    Fmt,
    /// Lints.
    Clippy,
    /// Rust tests and documentation tests.
    Unit,
    /// The official SDKs against the program.
    E2e,
}

/// Runs one part, or everything.
pub fn run_parts(workspace: &Workspace, only: Option<Part>) -> anyhow::Result<()> {
    let started = Instant::now();
    let wanted = |part| only.is_none_or(|only| only == part);
    let mut tally = Tally::default();

    let serves = wanted(Part::Unit) || wanted(Part::E2e);
    if serves {
        step("packages", || debian::install(&missing(wanted(Part::E2e))))?;
    }
    let python = if wanted(Part::E2e) { Some(step("python", || python::environment(workspace))?) } else { None };
    let node = if wanted(Part::E2e) { Some(step("node", || node::packages(workspace))?) } else { None };
    if wanted(Part::Fmt) {
        step("fmt", || run(&mut workspace.cargo(&["fmt", "--all", "--check"])))?;
    }
    if wanted(Part::Clippy) {
        step("clippy", || clippy(workspace))?;
        step("deny", || deny(workspace))?;
    }
    if serves {
        let cluster = step("PostgreSQL", Cluster::start)?;
        if wanted(Part::Unit) {
            step("unit", || unit(workspace, &cluster, &mut tally))?;
            step("doc tests", || doc_tests(workspace, &cluster, &mut tally))?;
        }
        if let (Some(python), Some(node)) = (python, node) {
            step("e2e", || end_to_end(workspace, [&python, &node], &cluster, &mut tally))?;
        }
    }

    println!("\nxtask test took {:.0} s", started.elapsed().as_secs_f64());
    if serves {
        println!("{}", tally.line());
    }
    Ok(())
}

fn missing(end_to_end: bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if postgres::programs().is_none() {
        packages.push("postgresql");
    }
    if end_to_end && python::interpreter().is_none() {
        packages.push("python3-venv");
    }
    if end_to_end && !node::is_installed() {
        packages.extend(["nodejs", "npm"]);
    }
    if end_to_end && installed("openssl").is_none() {
        packages.push("openssl");
    }
    if end_to_end && installed("chromium").is_none() {
        packages.push("chromium");
    }
    packages
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    run(&mut workspace.cargo(&arguments))
}

fn deny(workspace: &Workspace) -> anyhow::Result<()> {
    if installed("cargo-deny").is_none() {
        println!("passed over: cargo-deny isn't installed. The tests in xtask/tests check the");
        println!("same lists of deny.toml; advisories need the network and are never checked.");
        return Ok(());
    }
    run(&mut workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]))
}

fn unit(workspace: &Workspace, cluster: &Cluster, tally: &mut Tally) -> anyhow::Result<()> {
    let (mut cargo, summary) = if installed("cargo-nextest").is_some() {
        (workspace.cargo(&["nextest", "run", "--workspace", "--locked"]), Output::Stderr)
    } else {
        println!("cargo-nextest isn't installed: cargo test runs the same tests, slower");
        (workspace.cargo(&["test", "--workspace", "--all-targets", "--locked"]), Output::Stdout)
    };
    cargo.env(POSTGRES, &cluster.url);
    run_reading(&mut cargo, summary, |line| tally.read(line))
}

fn doc_tests(workspace: &Workspace, cluster: &Cluster, tally: &mut Tally) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo(&["test", "--doc", "--workspace", "--locked"]);
    cargo.env(POSTGRES, &cluster.url);
    run_reading(&mut cargo, Output::Stdout, |line| tally.read(line))
}

fn end_to_end(
    workspace: &Workspace,
    [python, node]: [&Path; 2],
    cluster: &Cluster,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    if !has_tests(&workspace.root.join("e2e"))? {
        println!("passed over: e2e has no test_*.py yet");
        return Ok(());
    }
    run(&mut workspace.cargo(&["build", "--package", "keyward", "--locked"]))?;
    let binary = workspace.target.join("debug/keyward");
    if !binary.is_file() {
        bail!("cargo built no {}", binary.display());
    }
    let mut pytest = workspace.command(python);
    pytest.args(["-m", "pytest", "-p", "no:cacheprovider", "e2e"]);
    pytest.env(BINARY, binary).env(NODE, node).env(POSTGRES, &cluster.url);
    run_reading(&mut pytest, Output::Stdout, |line| tally.read(line))
}

fn has_tests(folder: &Path) -> anyhow::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let found = if path.is_dir() { has_tests(&path)? } else { name.starts_with("test_") && name.ends_with(".py") };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
