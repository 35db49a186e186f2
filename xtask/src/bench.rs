//! `cargo xtask bench`: the program as it is shipped, and `keyward-bench` on it.

use crate::{
    debian,
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
    let needed = [("nginx", "nginx-light"), ("sqlite3", "sqlite3")];
    let missing: Vec<_> =
        needed.into_iter().filter(|(program, _)| installed(program).is_none()).map(|(_, package)| package).collect();
    step("packages", || debian::install(&missing))?;
    step("dist build", || {
        let packages = ["-p", "keyward", "-p", "keyward-bench"];
        run(workspace.cargo(&["build", "--profile", "dist", "--locked"]).args(packages))
    })?;
    let built = workspace.target.join("dist");
    step("bench", || {
        run(workspace
            .command(built.join("keyward-bench"))
            .args([part, "--keyward"])
            .arg(built.join("keyward"))
            .args(arguments))
    })
}
