//! Who may know whom. The picture in ARCHITECTURE.md, checked against what cargo builds.
//! Dependencies of tests (`[dev-dependencies]`) are free, because they ship nothing.
#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};

/// Each crate of the workspace and the crates of the workspace that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("keyward-domain", &[]),
    ("keyward-store", &["keyward-domain"]),
    ("keyward-telemetry", &["keyward-domain"]),
    ("keyward-access", &["keyward-domain"]),
    ("keyward-provider", &["keyward-domain"]),
    ("keyward-service", &["keyward-domain", "keyward-store", "keyward-access", "keyward-telemetry"]),
    ("keyward-gateway", &["keyward-domain", "keyward-access", "keyward-provider", "keyward-telemetry"]),
    ("keyward-web", &["keyward-domain", "keyward-access", "keyward-service"]),
    ("keyward-api", &["keyward-domain", "keyward-access", "keyward-service", "keyward-web"]),
    ("keyward-console", &["keyward-domain", "keyward-service", "keyward-web"]),
    (
        "keyward",
        &[
            "keyward-domain",
            "keyward-store",
            "keyward-telemetry",
            "keyward-access",
            "keyward-provider",
            "keyward-service",
            "keyward-gateway",
            "keyward-web",
            "keyward-api",
            "keyward-console",
        ],
    ),
    // A test's helper may reach for anything; nothing that ships may reach for it.
    (
        "keyward-testkit",
        &[
            "keyward",
            "keyward-domain",
            "keyward-store",
            "keyward-telemetry",
            "keyward-access",
            "keyward-provider",
            "keyward-service",
            "keyward-gateway",
            "keyward-web",
            "keyward-api",
            "keyward-console",
        ],
    ),
    // It measures from outside; only its floor is made of a part that ships.
    ("keyward-bench", &["keyward-provider"]),
    ("xtask", &[]),
];

/// What must not be reachable from a crate at all, not even through another package.
const MUST_NOT_REACH: &[(&str, &[&str])] = &[
    ("keyward-domain", &["tokio", "sqlx", "hyper", "http", "axum"]),
    ("keyward-access", &["tokio", "sqlx", "hyper", "axum"]),
    ("keyward-store", &["hyper", "axum", "utoipa"]),
    ("keyward-provider", &["sqlx", "axum", "utoipa"]),
    ("keyward-gateway", &["sqlx", "axum", "utoipa"]),
];

/// Dependencies that end up in what is built, not only in its tests.
fn ships(kind: DependencyKind) -> bool {
    matches!(kind, DependencyKind::Normal | DependencyKind::Build)
}

fn shipped_dependencies(package: &Package) -> BTreeSet<&str> {
    let shipped = package.dependencies.iter().filter(|dependency| ships(dependency.kind));
    shipped.map(|dependency| dependency.name.as_str()).collect()
}

/// The names of all packages that `from` pulls in, directly or not.
fn reachable(metadata: &Metadata, from: &PackageId) -> BTreeSet<String> {
    let nodes = &metadata.resolve.as_ref().unwrap().nodes;
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(id) = ahead.pop() {
        let shipped = nodes[id]
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|info| info.kind == DependencyKind::Normal));
        ahead.extend(shipped.map(|dependency| &dependency.pkg).filter(|id| seen.insert(*id)));
    }
    seen.into_iter().map(|id| metadata[id].name.to_string()).collect()
}

#[test]
fn crates_use_only_what_the_architecture_lets_them() {
    let metadata = common::metadata();
    let members = metadata.workspace_packages();
    let names: BTreeSet<_> = members.iter().map(|member| member.name.as_str()).collect();
    for member in &members {
        let name = member.name.as_str();
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            panic!("{name} has no place in the architecture: add it to MAY_USE and ARCHITECTURE.md");
        };
        for used in shipped_dependencies(member).intersection(&names) {
            assert!(
                allowed.contains(used),
                "{name} must not depend on {used}: move the shared part down to a crate that both \
                 may use ({allowed:?}), or pass it in from the binary. The picture is in ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn every_crate_of_the_architecture_exists() {
    let metadata = common::metadata();
    let members = metadata.workspace_packages();
    for (name, _) in MAY_USE {
        assert!(
            members.iter().any(|member| member.name == *name),
            "{name} is gone: remove it from MAY_USE and ARCHITECTURE.md"
        );
    }
}

#[test]
fn a_library_bound_to_one_crate_is_used_by_no_other() {
    let metadata = common::metadata();
    let rules = common::deny();
    let rules = rules["bans"]["deny"].as_array().unwrap();
    assert!(!rules.is_empty(), "deny.toml binds no library any more: is `bans.deny` still read?");
    for rule in rules {
        let library = rule["crate"].as_str().unwrap();
        let holders = rule["wrappers"].as_array().unwrap();
        for package in &metadata.packages {
            let held = holders.iter().any(|holder| holder.as_str() == Some(package.name.as_str()));
            assert!(
                held || !shipped_dependencies(package).contains(library),
                "{} must not depend on {library}: {}. If that is meant, name it in deny.toml",
                package.name,
                rule["reason"].as_str().unwrap(),
            );
        }
    }
}

#[test]
fn the_inner_crates_stay_free_of_io_libraries() {
    let metadata = common::metadata();
    for (name, forbidden) in MUST_NOT_REACH {
        let member = metadata.workspace_packages().into_iter().find(|member| member.name == *name);
        let reached = reachable(&metadata, &member.unwrap().id);
        for library in *forbidden {
            assert!(
                !reached.contains(*library),
                "{name} must not reach {library}; `cargo tree -p {name} -e normal -i {library}` \
                 shows the way to cut"
            );
        }
    }
}

#[test]
fn every_package_comes_from_crates_io_or_this_tree() {
    for package in common::metadata().packages {
        assert!(
            package.source.as_ref().is_none_or(|source| source.is_crates_io()),
            "{} comes from {}: use a release from crates.io",
            package.name,
            package.source.unwrap(),
        );
    }
}
