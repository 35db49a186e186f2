//! The Python that runs the end-to-end tests: a virtual environment in `.cache/venv`
//! with exactly what `e2e/requirements.txt` pins.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::{
    process::{run, succeeds},
    workspace::Workspace,
};

/// What an interpreter needs to make a virtual environment. Debian splits it off.
const PROBE: &str = "import venv, ensurepip";

/// A Python that can make virtual environments, if there is one.
pub fn interpreter() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| succeeds(Command::new(python).args(["-c", PROBE])))
}

/// Makes the environment current and answers its interpreter.
pub fn environment(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let home = workspace.root.join(".cache/venv");
    let python = home.join("bin/python");
    let pins = workspace.root.join("e2e/requirements.txt");
    let pinned = fs::read_to_string(&pins).with_context(|| format!("{}", pins.display()))?;
    // Written last, so an installation that broke off is done again.
    let installed = home.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == pinned)
        && succeeds(Command::new(&python).args(["-c", "import pytest"]))
    {
        println!("{} is current", home.display());
        return Ok(python);
    }
    let maker = interpreter().context("no Python with its venv module: install python3-venv")?;
    run(workspace.command(maker).args(["-m", "venv", "--clear"]).arg(&home))?;
    run(workspace
        .command(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&pins))?;
    fs::write(&installed, pinned)?;
    Ok(python)
}
