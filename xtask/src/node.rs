//! What the end-to-end tests need of Node.js, in `.cache/node`: the identity provider that
//! they sign in by and the accessibility checks that they run in pages, of exactly the
//! versions that `e2e/node/package.json` pins.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::{
    process::{run, succeeds},
    workspace::Workspace,
};

const FILES: [&str; 2] = ["package.json", "server.mjs"];

/// Whether there is a Node.js with its package manager.
pub fn is_installed() -> bool {
    ["node", "npm"].into_iter().all(|program| succeeds(Command::new(program).arg("--version")))
}

/// Makes the installation current and answers its folder.
pub fn packages(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let (home, source) = (workspace.root.join(".cache/node"), workspace.root.join("e2e/node"));
    fs::create_dir_all(&home)?;
    let pinned = fs::read_to_string(source.join("package.json")).context("e2e/node/package.json")?;
    // Written last, so an installation that broke off is done again.
    let installed = home.join("installed.txt");
    let is_current = fs::read_to_string(&installed).is_ok_and(|text| text == pinned);
    for file in FILES {
        fs::copy(source.join(file), home.join(file)).with_context(|| file.to_owned())?;
    }
    if is_current {
        println!("{} is current", home.display());
        return Ok(home);
    }
    run(workspace
        .command("npm")
        .args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .arg("--prefix")
        .arg(&home))?;
    fs::write(&installed, pinned)?;
    Ok(home)
}
