//! `cargo xtask bench`: the program as it is shipped, and `keyward-bench` on it.

use crate::{
    debian, dist,
    process::run,
    step::step,
    workspace::{Workspace, installed},
};

/// Installs what the bench compares with, builds, and measures. `arguments` go to
/// `keyward-bench all`, or to `keyward-bench pages` or `soak` if that is the first of them.
pub fn measure(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    let (part, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "pages" || first == "soak" => (first.as_str(), rest),
        _ => ("all", arguments),
    };
    let missing: &[_] = if installed("nginx").is_none() { &["nginx-light"] } else { &[] };
    step("packages", || debian::install(missing))?;
    let built = dist::build(workspace)?;
    step("bench", || {
        run(workspace
            .command(built.join("keyward-bench"))
            .args([part, "--keyward"])
            .arg(built.join("keyward"))
            .args(arguments))
    })
}
