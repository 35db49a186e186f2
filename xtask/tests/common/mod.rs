//! What the tests about the tree itself read: cargo's dependency graph and `deny.toml`.

use std::{fs, path::Path, process::Command};

use cargo_metadata::{Metadata, MetadataCommand};

/// The top of the tree.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The dependency graph for this machine. Without the network: every package in it was
/// fetched to build the workspace. Other platforms' packages were not, so they are left out.
pub fn metadata() -> Metadata {
    let version = Command::new("rustc").arg("-vV").current_dir(root()).output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--offline", "--locked", "--filter-platform", host].map(String::from).to_vec())
        .exec()
        .expect("`cargo metadata --offline --locked`; if Cargo.lock is stale, `cargo check` renews it")
}

/// `deny.toml`, one list for cargo-deny and for these tests.
pub fn deny() -> toml::Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}
