//! The rules of the architecture that cargo cannot check, checked on the sources: which modules may use each other,
//! which may use a library, which items must have a doc, and that a type name is used once.
//!
//! ARCHITECTURE.md says why. The tables are in `rules.rs`. A new module is entered there first.

mod code;
mod docs;
mod names;
mod pages;
mod rules;
mod walks;

use std::path::{Path, PathBuf};

use code::Source;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the sources can be read");
    for entry in entries {
        let path = entry.expect("the sources can be read").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The path from the root and the text of every file of `src` and of the crates' `src`.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    let crates = std::fs::read_dir(root.join("crates")).expect("there are crates");
    for entry in crates {
        let path = entry.expect("a crate can be read").path();
        rust_files(&path.join("src"), &mut files);
    }
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file
                .strip_prefix(root)
                .expect("it was found below the root");
            let text = std::fs::read_to_string(file).expect("a source file is text");
            (name.to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn the_house_keeps_its_rules() {
    let texts = texts();
    let sources: Vec<Source> = texts
        .iter()
        .map(|(name, text)| Source::new(name, text))
        .collect();
    for (is_apart, folder) in [(false, "src"), (true, "crates")] {
        let found = sources.iter().filter(|it| it.is_apart == is_apart);
        assert!(found.count() > 10, "{folder} was not found");
    }
    let broken: Vec<String> = sources.iter().flat_map(rules::broken).collect();
    assert!(
        broken.is_empty(),
        "rules are broken:\n{}\n",
        broken.join("\n")
    );
}

#[test]
fn public_items_have_docs() {
    let missing: Vec<String> = texts()
        .iter()
        .flat_map(|(name, text)| docs::missing(name, text))
        .collect();
    assert!(
        missing.is_empty(),
        "docs are missing:\n{}\n",
        missing.join("\n")
    );
}

/// The rules that a file of that name and text breaks. The text begins on line 2, after a module doc.
fn broken(name: &str, text: &str) -> Vec<String> {
    rules::broken(&Source::new(name, &format!("//! What it is for.\n{text}")))
}

#[track_caller]
fn assert_breaks(name: &str, text: &str, message: &str) {
    let broken = broken(name, text);
    assert!(
        broken.iter().any(|line| line.starts_with(message)),
        "{text:?} in {name} should say {message:?}, but: {broken:?}"
    );
}

#[track_caller]
fn assert_keeps(name: &str, text: &str) {
    assert_eq!(broken(name, text), [""; 0], "{text:?} in {name}");
}

#[test]
fn an_inner_module_cannot_use_an_outer_one() {
    let message = "src/store/trips.rs:2: store must not use ws";
    for text in [
        "use crate::ws::Session;",
        "use crate::ws;",
        "use crate::{ws, store::Trips};",
        "use crate::{store::{trips, keys}, ws::{Session}};",
        "use super::super::ws::Session;",
        "fn f() { cabrank::ws::f() }",
    ] {
        assert_breaks("src/store/trips.rs", text, message);
    }
    let folded = "use crate::{\n    domain::Trip,\n    ws::Session,\n};";
    assert_breaks(
        "src/store/trips.rs",
        folded,
        "src/store/trips.rs:4: store must not use ws",
    );
    assert_breaks(
        "src/store/mod.rs",
        "use super::ws;",
        "src/store/mod.rs:2: store must not use ws",
    );
    assert_breaks(
        "src/http/trips.rs",
        "use crate::ws;",
        "src/http/trips.rs:2: http must not use ws",
    );
    for text in ["use crate::domain::Trip;", "use domain::Trip;"] {
        assert_breaks(
            "src/inputs.rs",
            text,
            "src/inputs.rs:2: inputs must not use domain",
        );
    }
}

#[test]
fn an_outer_module_may_use_an_inner_one_and_itself() {
    assert_keeps(
        "src/store/trips.rs",
        "use crate::domain::Trip;\nuse crate::store::db::Db;",
    );
    assert_keeps("src/store/trips.rs", "use domain::Trip;");
    assert_keeps(
        "src/store/writer/mod.rs",
        "use super::events;\nuse super::super::db::Db;",
    );
    assert_keeps(
        "src/server.rs",
        "use crate::config::Config;\nuse crate::ws;",
    );
    assert_keeps("src/main.rs", "use cabrank::{server, demo};");
    assert_keeps("src/lib.rs", "pub mod ws;\npub use crate::ws::X;");
}

#[test]
fn words_and_examples_break_no_rule() {
    assert_keeps(
        "src/registry/actor.rs",
        "// as crate::ws does with diesel::insert_into",
    );
    assert_keeps(
        "src/registry/actor.rs",
        "/* crate::ws /* nested */ diesel:: */",
    );
    assert_keeps(
        "src/registry/actor.rs",
        "const X: &str = \"crate::ws \\\" diesel::\";",
    );
    assert_keeps(
        "src/registry/actor.rs",
        "const X: &str = r#\"\" diesel::\"#; const C: char = '\"';",
    );
    assert_breaks(
        "src/registry/actor.rs",
        "fn f<'a>(c: char) -> bool { c == '\"' }\nuse diesel::x; // \"",
        "src/registry/actor.rs:3: only store may know diesel",
    );
}

#[test]
fn a_crate_is_known_where_it_belongs() {
    assert_breaks(
        "src/http/mod.rs",
        "use diesel::prelude::*;",
        "src/http/mod.rs:2: only store may know diesel",
    );
    assert_breaks(
        "src/http/mod.rs",
        "diesel_migrations::x!();",
        "src/http/mod.rs:2: only store may know diesel_migrations",
    );
    assert_breaks(
        "src/registry/actor.rs",
        "use actix_web_actors::ws;",
        "src/registry/actor.rs:2: only ws may know actix_web_actors",
    );
    assert_breaks(
        "src/accounts.rs",
        "use argon2::Argon2;",
        "src/accounts.rs:2: only auth may know argon2",
    );
    assert_breaks(
        "src/server.rs",
        "use awc::Client;",
        "src/server.rs:2: only client, bench may know awc",
    );
    assert_keeps("src/store/trips.rs", "use diesel::prelude::*;");
}

#[test]
fn what_is_pure_asks_nothing_of_the_machine() {
    assert_breaks(
        "crates/domain/src/trip.rs",
        "use std::time::Instant;",
        "crates/domain/src/trip.rs:2: domain is pure",
    );
    assert_breaks(
        "crates/matching/src/exact.rs",
        "use std::thread;",
        "crates/matching/src/exact.rs:2: matching is pure",
    );
}

#[test]
fn time_and_randomness_are_inputs() {
    assert_breaks(
        "crates/domain/src/trip.rs",
        "let at = Timestamp::now();",
        "crates/domain/src/trip.rs:2: only inputs",
    );
    assert_breaks(
        "src/dispatch.rs",
        "let at = Timestamp::now();",
        "src/dispatch.rs:2: only inputs",
    );
    assert_breaks(
        "src/dispatch.rs",
        "let at = Instant::now();",
        "src/dispatch.rs:2: only",
    );
    assert_breaks(
        "src/auth/keys.rs",
        "getrandom::fill(&mut x);",
        "src/auth/keys.rs:2: only inputs",
    );
    assert_keeps("src/inputs.rs", "let at = Timestamp::now();");
    assert_keeps("src/bench.rs", "let at = Instant::now();");
}

#[test]
fn a_status_code_is_picked_in_problem_alone() {
    assert_breaks(
        "src/http/trips.rs",
        "StatusCode::CONFLICT",
        "src/http/trips.rs:2: only problem",
    );
    assert_breaks(
        "src/http/trips.rs",
        "HttpResponse::Conflict()",
        "src/http/trips.rs:2: only problem",
    );
    assert_keeps(
        "src/http/trips.rs",
        "StatusCode::CREATED; HttpResponse::NoContent(); HttpResponse::build(x)",
    );
    assert_keeps("src/problem.rs", "StatusCode::CONFLICT");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let long = "\n".repeat(400);
    assert_breaks(
        "crates/domain/src/trip.rs",
        &long,
        "crates/domain/src/trip.rs:401: a file has at most 400 lines",
    );
    let bare = rules::broken(&Source::new("crates/domain/src/trip.rs", "use std::fmt;\n"));
    assert_eq!(
        bare,
        ["crates/domain/src/trip.rs:1: a file begins with a //! doc that says what it is for"]
    );
}

#[test]
fn nobody_ignores_the_bound_of_a_mailbox() {
    assert_breaks(
        "src/registry/actor.rs",
        "addr.do_send(Stop);",
        "src/registry/actor.rs:2: do_send",
    );
}

#[test]
fn a_new_module_takes_its_place_first() {
    assert_breaks("src/util.rs", "", "src/util.rs:1: util has no place");
}

#[test]
fn a_public_item_without_a_doc_is_found() {
    for (text, message) in [
        ("pub struct Trip;", "Trip has no doc"),
        ("pub enum Status {}", "Status has no doc"),
        ("pub fn apply() {}", "apply has no doc"),
        ("pub const MAX: u8 = 1;", "MAX has no doc"),
        ("pub static MAX: u8 = 1;", "MAX has no doc"),
        ("pub type Key = u64;", "Key has no doc"),
        ("pub mod keys {}", "keys has no doc"),
        ("mod keys { pub fn new() {} }", "new has no doc"),
        ("pub trait Clock {}", "Clock has no doc"),
        (
            "/// What tells the time.\npub trait Clock { fn now(&self); }",
            "Clock::now has no doc",
        ),
        (
            "struct Trip; impl Trip { pub fn apply(&self) {} }",
            "Trip::apply has no doc",
        ),
        (
            "struct Trip; impl Trip { pub const MAX: u8 = 1; }",
            "Trip::MAX has no doc",
        ),
        (
            "/// The trip.\npub struct Trip;",
            "the doc of Trip has fewer than 3 words",
        ),
    ] {
        let missing = docs::missing("src/x.rs", &format!("//! What it is for.\n{text}"));
        assert_eq!(missing, [format!("src/x.rs: {message}")], "{text:?}");
    }
    assert_eq!(
        docs::missing("src/x.rs", "//! Trips.\n"),
        ["src/x.rs: the doc of the file has fewer than 3 words"]
    );
    assert_eq!(
        docs::missing("src/x.rs", "pub fn trip {}"),
        ["src/x.rs: expected parentheses"]
    );
}

#[test]
fn fields_variants_and_what_is_private_need_no_doc() {
    for text in [
        "/// A trip of a rider.\npub struct Trip { pub key: u64 }",
        "/// Where a trip stands.\npub enum Status { Requested, Accepted { driver: u64 } }",
        "pub(crate) fn apply() {}",
        "pub use other::Trip;",
        "pub mod keys;",
        "trait Clock { fn now(&self); }",
        "impl Clock for Trip { fn now(&self) {} }",
        "#[cfg(test)] mod tests { pub fn new() {} }",
    ] {
        let missing = docs::missing("src/x.rs", &format!("//! What it is for.\n{text}"));
        assert_eq!(missing, [""; 0], "{text:?}");
    }
}
