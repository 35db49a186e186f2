//! `cargo xtask openapi`: writes `openapi/keyward.json` anew. `keyward-api` prints the
//! document; a test of that crate compares it with the file.

use std::{fs, process::Stdio};

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// Renews the committed document.
pub fn renew(workspace: &Workspace) -> anyhow::Result<()> {
    let mut cargo =
        workspace.cargo(&["run", "--quiet", "--locked", "--package", "keyward-api", "--example", "openapi"]);
    let output = cargo.stderr(Stdio::inherit()).output().context("cargo can't be started")?;
    if !output.status.success() || output.stdout.is_empty() {
        bail!("the document can't be printed; what stands above says why");
    }
    let file = workspace.root.join("openapi/keyward.json");
    fs::create_dir_all(workspace.root.join("openapi"))?;
    fs::write(&file, output.stdout).with_context(|| format!("{} can't be written", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}
