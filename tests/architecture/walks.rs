//! The walks of CONTRIBUTING.md name exactly the files that a command, a setting or a table touches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A walk, by its heading, and the words by which its example is found.
const WALKS: [(&str, &[&str]); 4] = [
    (
        "### A command: `take_back`",
        &["take_back", "TakeBack", "taken-back"],
    ),
    (
        "### A setting of the service: `chat_after`",
        &["chat_after", "chat-after"],
    ),
    (
        "### A setting of the town: `high_fare_factor`",
        &["high_fare_factor", "high_fare_permille"],
    ),
    ("### A table: `quiet_drivers`", &["quiet_drivers"]),
];

/// Where the example of a walk is searched for. Tests are not: a walk says in words what is tested where.
const FOLDERS: [&str; 5] = [
    "src",
    "crates",
    "migrations",
    "docs",
    "clients/typescript/src",
];

/// They tell what was decided, or what is generated; no walk leads there.
const NOT_ON_A_WALK: [&str; 2] = ["docs/decisions.md", "docs/simulation.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
        if path.is_dir() && !is_test {
            files(&path, found);
        } else if path.is_file() && !is_test {
            found.push(path);
        }
    }
}

/// The files in which one of the words stands.
fn touched(words: &[&str]) -> BTreeSet<String> {
    let mut all = Vec::new();
    for folder in FOLDERS {
        files(&root().join(folder), &mut all);
    }
    let mentions = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        words.iter().any(|word| code.contains(word))
    };
    let names = all.iter().filter(|path| mentions(path)).map(|path| {
        let name = path.strip_prefix(root()).expect("it lies below the root");
        name.to_string_lossy().into_owned()
    });
    names
        .filter(|name| !NOT_ON_A_WALK.contains(&name.as_str()))
        .collect()
}

/// The files that the numbered steps of a walk name. What comes after them is about tests, and about other examples.
fn named(page: &str, heading: &str) -> BTreeSet<String> {
    let (_, walk) = page.split_once(heading).expect("the heading is there");
    let walk = walk.split("\n#").next().expect("a first part");
    let steps = walk.split("\n\n").filter(|part| part.starts_with("1. "));
    let quoted = steps.flat_map(|steps| steps.split('`').skip(1).step_by(2));
    let paths = quoted.filter(|word| FOLDERS.iter().any(|folder| is_in(word, folder)));
    let down = |path: &str| {
        let is_migration = path.ends_with("/up.sql");
        is_migration.then(|| path.replace("/up.sql", "/down.sql"))
    };
    paths
        .flat_map(|path| [Some(path.to_owned()), down(path)])
        .flatten()
        .collect()
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[test]
fn the_walks_name_what_is_touched() {
    let page = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("it is there");
    for (heading, words) in WALKS {
        assert_eq!(named(&page, heading), touched(words), "{heading}");
    }
}
