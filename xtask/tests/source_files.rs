//! Rules about the text of the tree that no lint knows.
#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file that ships holds one idea.
const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every Rust file under these folders of the tree, with its text.
fn rust_files(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut ahead: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!files.is_empty(), "no Rust files under {folders:?}");
    files
}

fn is_shipped(path: &Path) -> bool {
    !path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn no_file_outside_tests_grows_beyond_one_idea() {
    for (path, text) in rust_files(&["crates", "xtask", "bench"]) {
        let lines = text.lines().count();
        assert!(
            !is_shipped(&path) || lines <= MOST_LINES,
            "{} has {lines} lines: split it by idea, at most {MOST_LINES} lines each; large tests \
             go to the crate's tests folder",
            path.display(),
        );
    }
}

#[test]
fn nothing_is_left_unwritten_or_switched_off() {
    // Put together here so that this file doesn't find itself.
    let forbidden = [
        (concat!("todo", "!("), "write it, or leave the feature out"),
        (concat!("unimplemented", "!("), "write it, or leave the feature out"),
        (concat!("#[", "ignore"), "mend the test or delete it"),
    ];
    for (path, text) in rust_files(&["crates", "xtask", "bench"]) {
        for (words, remedy) in forbidden {
            let found = text.lines().position(|line| line.contains(words));
            assert!(found.is_none(), "{}:{} says `{words}`: {remedy}", path.display(), found.unwrap_or_default() + 1,);
        }
    }
}

#[test]
fn hyper_utils_client_is_only_for_measuring_and_testing() {
    for (path, text) in rust_files(&["crates"]) {
        let dense: String = text.split_whitespace().collect();
        let uses =
            dense.contains("hyper_util::client") || dense.contains("hyper_util::{") && dense.contains("client::legacy");
        let may = path.starts_with("crates/testkit") || !is_shipped(&path);
        assert!(
            may || !uses,
            "{} uses hyper-util's client, which costs twice a call: keyward-provider has the \
             client for providers",
            path.display(),
        );
    }
}
