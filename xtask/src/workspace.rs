//! Where things are, and how cargo is called from here. The only place of xtask that
//! reads the environment.
#![expect(clippy::disallowed_methods, reason = "a developer's tool is configured by cargo's own variables")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

/// The tree that is tested.
pub struct Workspace {
    /// The folder of the top `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo puts what it builds (`CARGO_TARGET_DIR` is honoured).
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the workspace that the current folder is in.
    pub fn find() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("`cargo metadata` must work here: run xtask inside the repository")?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
        })
    }

    /// A program, to be started at the top of the tree.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.root);
        command
    }

    /// Cargo, building into this workspace's target folder.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = self.command("cargo");
        cargo.args(arguments).env("CARGO_TARGET_DIR", &self.target);
        if in_ci() {
            // Nothing is built twice there; incremental artefacts only cost disk.
            cargo.env("CARGO_INCREMENTAL", "0");
        }
        // What `cargo run` told xtask about itself isn't true of the packages built next.
        for (name, _) in std::env::vars_os() {
            let about_xtask =
                name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
            if about_xtask {
                cargo.env_remove(name);
            }
        }
        cargo
    }
}

/// The full path of an installed program: in `PATH`, or where Debian keeps servers.
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}
